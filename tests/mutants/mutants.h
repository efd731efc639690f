// A build of the library in which its rules can be broken, one at a time: mutants.txt has them. What is
// linked to it is compiled with its headers: kseg_mutants_support stands for kseg_test_support.
#pragma once

#include <span>

// 0: no rule is broken. N: that of kseg::mutants()[N - 1] is.
extern int kseg_mutant;

namespace kseg {

struct Mutant {
  const char* name;    // words with dashes
  const char* rule;    // that it breaks
  const char* unseen;  // why no recorded round notices it; empty if one does
};

std::span<const Mutant> mutants();

// While it lives, the library is this mutant; then it is whole again.
class ChosenMutant {
 public:
  explicit ChosenMutant(int mutant) { kseg_mutant = mutant; }
  ~ChosenMutant() { kseg_mutant = 0; }
  ChosenMutant(const ChosenMutant&) = delete;
  ChosenMutant& operator=(const ChosenMutant&) = delete;
};

}  // namespace kseg
