# Compiler flags for all our targets: warnings are errors, and what is optimised is hardened.
add_library(sallyport_flags INTERFACE)
# Nobody puts functions of his own in the place of the library's (-fno-semantic-interposition): they may be inlined.
target_compile_options(sallyport_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual -Werror
  -fno-semantic-interposition -fstack-protector-strong -fcf-protection=full)
# libstdc++ 12's own stable_sort uses what it calls deprecated, and clang says so where it is used.
target_compile_options(sallyport_flags INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
target_link_options(sallyport_flags INTERFACE -Wl,-z,relro,-z,now -Wl,-z,noexecstack)
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)

# The release is optimised as the development build is: with -O3 g++ 12 warns of writes in libfmt's and std::string's own
# code that do not happen, and what one tests should be what one installs.
set(CMAKE_CXX_FLAGS_RELEASE "-O2")

# Assertions stay on in every build: a packet that breaks an invariant must stop the program, not pass by it.
foreach(type RELWITHDEBINFO MINSIZEREL)
  string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_${type} "${CMAKE_CXX_FLAGS_${type}}")
endforeach()

# FORTIFY needs the optimiser, and hides accesses from the sanitizers.
if(CMAKE_BUILD_TYPE MATCHES "^Rel" AND NOT SALLYPORT_SANITIZE)
  target_compile_options(sallyport_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  set(SALLYPORT_HARDENED TRUE)
endif()

if(SALLYPORT_SANITIZE)
  target_compile_options(sallyport_flags INTERFACE -fsanitize=${SALLYPORT_SANITIZE} -fno-sanitize-recover=all
                         -fno-omit-frame-pointer -D_GLIBCXX_ASSERTIONS)
  target_link_options(sallyport_flags INTERFACE -fsanitize=${SALLYPORT_SANITIZE})
endif()
if(SALLYPORT_FUZZ)
  # The library is watched by the fuzzer, too, or it would search blindly.
  target_compile_options(sallyport_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(SALLYPORT_COVERAGE)
  target_compile_options(sallyport_flags INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(sallyport_flags INTERFACE -fprofile-instr-generate)
endif()
