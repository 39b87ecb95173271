// Recordings made, and compared with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "kernel/namespace_referee.h"

namespace sallyport::kernel {

// Writes DIRECTORY/SEED.txt for each of the seeds. Of `packets` random packets those are kept that met something that
// had seldom been met before. An exit code: 1 where the engine does not agree, which is not written,
// or where a file cannot be.
int record_cases(uint64_t seed, size_t rulesets, size_t packets, const std::string& directory,
                 NamespaceReferee& referee);

// Runs the engine alone against each recording. An exit code: 1 for a difference, where there is no recording, or where
// an option was met less than `at_least` times.
int replay_recordings(const std::string& directory, uint64_t at_least);

}  // namespace sallyport::kernel
