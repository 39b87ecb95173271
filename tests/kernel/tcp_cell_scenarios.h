// Every cell of the TCP state table as a scenario.
#pragma once

#include <string>

namespace sallyport::kernel {

// Writes one test for each cell that can be reached, with what this kernel answers. An exit code.
int write_cell_scenarios(const std::string& path);

}  // namespace sallyport::kernel
