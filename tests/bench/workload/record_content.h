// The bytes of a workload's keys and values. Views are valid until the next call of the same function.
#pragma once

#include "formats/bytes.h"
#include "formats/offset.h"
#include "tests/bench/workload/preset.h"
#include "tests/support/dice.h"

namespace kseg {

class RecordContent {
 public:
  explicit RecordContent(const Preset& preset) : records_(preset.records), value_bytes_(preset.value_bytes) {}

  Bytes key(std::int64_t number);
  Bytes value(std::int64_t number, Offset offset, std::int64_t timestamp_ms, Dice& dice);

 private:
  Preset::Records records_;
  std::size_t value_bytes_;
  ByteBuffer key_;
  ByteBuffer value_;
};

}  // namespace kseg
