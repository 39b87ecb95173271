// Loops over many bytes or rows: written plainly, and left to the compiler, which makes a copy of the function for each
// kind of processor; which one runs is decided when the library is loaded. Files that have such loops are compiled with
// -O3 (src/CMakeLists.txt).
#pragma once

// Clang, with which only sanitizers and fuzzers are built, makes one copy.
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__)
#define SALLYPORT_PER_PROCESSOR [[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), gnu::flatten]]
#else
#define SALLYPORT_PER_PROCESSOR
#endif
