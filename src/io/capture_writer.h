// The writers of both capture formats, over a file that is open already.
#pragma once

#include <memory>
#include <span>

#include "io/output_file.h"
#include "sallyport/packet_io.h"

namespace sallyport {

std::unique_ptr<CaptureWriter> write_pcap(std::unique_ptr<OutputFile> file, LinkType link);
std::unique_ptr<CaptureWriter> write_pcapng(std::unique_ptr<OutputFile> file,
                                            std::span<const CaptureInterface> interfaces);

// What is written of a frame: all that readers take. Its original length is never less than what is given.
std::span<const uint8_t> writable_bytes(const OutFrame& frame);
uint32_t writable_length(const OutFrame& frame);

}  // namespace sallyport
