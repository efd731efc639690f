# The binary, the library with its headers, the manual, and what find_package(kseg) reads.
include(CMakePackageConfigHelpers)

set(kseg_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/kseg")

if(TARGET kseg)
  install(TARGETS kseg)
endif()
install(TARGETS kseg_library EXPORT kseg-targets
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/kseg")
install(EXPORT kseg-targets NAMESPACE kseg:: DESTINATION "${kseg_cmake_dir}")

configure_package_config_file(cmake/kseg-config.cmake.in "${PROJECT_BINARY_DIR}/kseg-config.cmake"
  INSTALL_DESTINATION "${kseg_cmake_dir}" NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
# Before 1.0 a minor version may break what the one before compiled.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/kseg-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/kseg-config.cmake" "${PROJECT_BINARY_DIR}/kseg-config-version.cmake"
  cmake/KsegDependencies.cmake DESTINATION "${kseg_cmake_dir}")

file(GLOB manual_pages CONFIGURE_DEPENDS man/*.1)
install(FILES ${manual_pages} DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES man/kseg-receipt.5 DESTINATION "${CMAKE_INSTALL_MANDIR}/man5")
