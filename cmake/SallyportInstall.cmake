# Installation: the library, its headers, the program, and what find_package and pkg-config need.
include(CMakePackageConfigHelpers)

install(TARGETS sallyport EXPORT sallyport-targets)
install(TARGETS sallyport_cli)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/sallyport DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT sallyport-targets NAMESPACE sallyport:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/sallyport)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/sallyport-config.cmake.in sallyport-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/sallyport)
write_basic_package_version_file(sallyport-config-version.cmake COMPATIBILITY SameMinorVersion)
configure_file(${CMAKE_CURRENT_LIST_DIR}/sallyport.pc.in sallyport.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/sallyport-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/sallyport-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/sallyport)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/sallyport.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
