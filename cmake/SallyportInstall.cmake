# Installation: the library, its headers, the program, and what find_package and pkg-config need.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/sallyport)
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(TARGETS sallyport EXPORT sallyport-targets)
install(TARGETS sallyport_cli)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/sallyport DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT sallyport-targets NAMESPACE sallyport:: DESTINATION ${package_dir})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/sallyport-config.cmake.in sallyport-config.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(sallyport-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/sallyport-config.cmake ${PROJECT_BINARY_DIR}/sallyport-config-version.cmake
  DESTINATION ${package_dir})

# The .pc file finds the prefix from where it lies, so that an installed tree can be moved.
file(RELATIVE_PATH prefix_from_pc ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${CMAKE_CURRENT_LIST_DIR}/sallyport.pc.in sallyport.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/sallyport.pc DESTINATION ${pkgconfig_dir})
