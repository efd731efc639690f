# Installs the build to a prefix of its own, then configures, builds and runs the project beside
# this script against that prefix. Needs: build, source, version, compiler, generator, build_type.
set(work "${build}/consumer")
file(REMOVE_RECURSE "${work}")

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}: ${status}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

set(configure "${CMAKE_COMMAND}" -S "${source}" -G "${generator}" "-DCMAKE_CXX_COMPILER=${compiler}"
  "-DCMAKE_BUILD_TYPE=${build_type}" "-DCMAKE_PREFIX_PATH=${work}/prefix")

run("${CMAKE_COMMAND}" --install "${build}" --prefix "${work}/prefix")
run(${configure} -B "${work}/build" "-DKSEG_VERSION_WANTED=${version}")
run("${CMAKE_COMMAND}" --build "${work}/build")
run("${work}/build/consumer")
if(NOT output STREQUAL "42 key=value\n")
  message(FATAL_ERROR "the consumer said: ${output}")
endif()

# The twins: a version that is not there is not found, and a missing dependency is named with its
# package.
function(run_must_fail expected)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  if(status EQUAL 0 OR NOT output MATCHES "${expected}")
    message(FATAL_ERROR "expected a failure that says '${expected}', got status ${status}: ${output}")
  endif()
endfunction()

run_must_fail("compatible with requested version \"99.0\"" ${configure} -B "${work}/wrong" -DKSEG_VERSION_WANTED=99.0)
run_must_fail("kseg needs snappy.h and libsnappy: apt-get install libsnappy-dev"
  ${configure} -B "${work}/missing" "-DKSEG_VERSION_WANTED=${version}" -Dkseg_snappy_LIBRARY=)
