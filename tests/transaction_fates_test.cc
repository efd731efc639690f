#include "lib/transaction_fates.h"

#include <doctest/doctest.h>

#include "tests/support/notation.h"

namespace kseg {
namespace {

// A letter a data batch: Committed, Aborted, Undecided; and for each end marker + (data) or - (none).
std::string fates_of(std::string_view notation) {
  const LogModel log = log_of(notation);
  TransactionFates fates;
  std::string text;
  for (const BatchModel& batch : log.segments[0].batches) {
    const bool has_data = fates.follow(batch.header, control_type(batch));
    if (batch.header.is_control()) text += has_data ? '+' : '-';
  }
  for (const BatchModel& batch : log.segments[0].batches) {
    if (!batch.header.is_control()) text += "CAU"[static_cast<int>(fates.of(batch.header))];
  }
  return text;
}

TEST_CASE("the next marker of its producer decides") {
  CHECK(fates_of("{0} a=1 T7[a=1] C7 T7[a=1] A7 T7[a=1]") == "++CCAU");
  CHECK(fates_of("{0} T7[a=1] T8[a=1] A8 T7[a=1] C7") == "++CAC");
  CHECK(fates_of("{0} T7[a=1] A7 T7[a=1] T7[a=1] A7") == "++AAA");
}

TEST_CASE("a marker without data in front of it decides nothing") {
  CHECK(fates_of("{0} A7 C8 T7[a=1] C7") == "--+C");
  CHECK(fates_of("{0} T7[a=1] C7 A7") == "+-C");
  CHECK(fates_of("{0} P7[a=1] A7") == "-C");
}

TEST_CASE("control records that end nothing, and empty control batches, are passed over") {
  CHECK(fates_of("{0} T7[a=1] K0 C7") == "-+C");
  CHECK(fates_of("{0} T7[a=1] M7[.] A7") == "-+A");
}

}  // namespace
}  // namespace kseg
