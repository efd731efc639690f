# What kseg is built from, as Debian 12 packages it. Used by the build and, installed, by
# kseg-config.cmake: what is missing is collected, so that all of it is named at once.
#   KSEG_MISSING           libraries
#   KSEG_MISSING_PACKAGES  Debian packages, blank between them
#   KSEG_MISSING_TEXT      "isa-l/crc.h and libisal, fmt"

set(KSEG_MISSING "")
set(KSEG_MISSING_PACKAGES "")
set(KSEG_MISSING_TEXT "")

macro(kseg_note_missing library package text)
  list(APPEND KSEG_MISSING ${library})
  string(APPEND KSEG_MISSING_PACKAGES "${package} ")
  list(APPEND KSEG_MISSING_TEXT "${text}")
  list(JOIN KSEG_MISSING_TEXT ", " KSEG_MISSING_TEXT)
endmacro()

# Libraries that come without a CMake package everywhere: imported as kseg::<target>.
macro(kseg_find_library target header library package)
  find_path(kseg_${target}_INCLUDE ${header})
  find_library(kseg_${target}_LIBRARY ${library})
  mark_as_advanced(kseg_${target}_INCLUDE kseg_${target}_LIBRARY)
  if(NOT kseg_${target}_INCLUDE OR NOT kseg_${target}_LIBRARY)
    kseg_note_missing(${target} ${package} "${header} and lib${library}")
  elseif(NOT TARGET kseg::${target})
    add_library(kseg::${target} UNKNOWN IMPORTED)
    set_target_properties(kseg::${target} PROPERTIES
      IMPORTED_LOCATION "${kseg_${target}_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${kseg_${target}_INCLUDE}")
  endif()
endmacro()

macro(kseg_find_package name package)
  find_package(${name} QUIET)
  if(NOT ${name}_FOUND)
    kseg_note_missing(${name} ${package} ${name})
  endif()
endmacro()

# Not seen in any header of kseg, but a static library hands them on to whoever links it.
macro(kseg_find_private_dependencies)
  kseg_find_library(isal isa-l/crc.h isal libisal-dev)
  kseg_find_library(libdeflate libdeflate.h deflate libdeflate-dev)
  kseg_find_library(lz4 lz4.h lz4 liblz4-dev)
  kseg_find_library(zstd zstd.h zstd libzstd-dev)
  kseg_find_library(snappy snappy.h snappy libsnappy-dev)
  kseg_find_library(xxhash xxhash.h xxhash libxxhash-dev)
endmacro()
