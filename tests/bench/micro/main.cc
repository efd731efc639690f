// The parts of kseg that run once a byte, a record or a key, each alone:
//
//   kseg_micro [NAME]... [--benchmark_...]
//
// runs those whose names contain one of NAME; without one, all.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  std::string filter;
  for (int i = 1; i < argc; ++i) filter += std::string(filter.empty() ? "" : "|") + argv[i];
  benchmark::RunSpecifiedBenchmarks(filter.empty() ? benchmark::GetBenchmarkFilter() : filter);
}
