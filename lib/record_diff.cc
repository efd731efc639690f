#include "lib/record_diff.h"

namespace kseg {
namespace {

bool same(const std::optional<Bytes>& a, const std::optional<Bytes>& b) {
  return a.has_value() == b.has_value() && (!a || same_bytes(*a, *b));
}

// The same bytes may be encoded in two ways: a length in more bytes than it needs.
bool same_headers(const RecordView& a, const RecordView& b) {
  if (a.header_count != b.header_count) return false;
  if (same_bytes(a.headers, b.headers)) return true;
  RecordHeaderReader in_a(a);
  RecordHeaderReader in_b(b);
  RecordHeaderView header_a;
  RecordHeaderView header_b;
  while (in_a.next(header_a) && in_b.next(header_b)) {
    if (!same_bytes(header_a.key, header_b.key) || !same(header_a.value, header_b.value)) return false;
  }
  return true;
}

}  // namespace

DifferingFields differing_fields(const RecordView& left, const RecordView& right) {
  return {.timestamp = left.timestamp_ms != right.timestamp_ms,
          .key = !same(left.key, right.key),
          .value = !same(left.value, right.value),
          .headers = !same_headers(left, right)};
}

void RecordDiff::Side::advance(std::uint64_t& count) {
  while (!ended) {
    if (in_batch && stream.next(record)) {
      ++count;
      return;
    }
    in_batch = stream.next_batch();
    ended = !in_batch;
  }
}

bool RecordDiff::next() {
  while (true) {
    if (difference_.left) left_.advance(counts_.left);
    if (difference_.right) right_.advance(counts_.right);
    if (left_.ended && right_.ended) return false;
    if (right_.ended || (!left_.ended && left_.record.offset < right_.record.offset)) {
      difference_ = {.left = true, .right = false};
      ++counts_.only_left;
      return true;
    }
    if (left_.ended || right_.record.offset < left_.record.offset) {
      difference_ = {.left = false, .right = true};
      ++counts_.only_right;
      return true;
    }
    difference_ = {.left = true, .right = true, .fields = differing_fields(left_.record, right_.record)};
    difference_.fields.control = left_.stream.batch().is_control() != right_.stream.batch().is_control();
    if (!difference_.fields.any()) continue;
    ++counts_.changed;
    return true;
  }
}

}  // namespace kseg
