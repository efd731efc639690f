#include "lib/batch_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/legacy_message.h"
#include "formats/record_batch_builder.h"
#include "lib/batch_stretch.h"

namespace kseg {
namespace {

constexpr std::int16_t kUsedAttributes =
    RecordBatchHeader::kCodecMask | RecordBatchHeader::kLogAppendTimeBit |
    RecordBatchHeader::kTransactionalBit | RecordBatchHeader::kControlBit |
    RecordBatchHeader::kDeleteHorizonBit;

Defect at(const RecordBatchView& batch, DefectCode code, std::string expected, std::string found) {
  return {.code = code,
          .position = batch.position,
          .offset = batch.header.base_offset,
          .expected = std::move(expected),
          .found = std::move(found)};
}

// What the records of a batch say of its header's times.
struct Times {
  std::int64_t first_ms = kNoTimestamp;
  std::int64_t min_ms = kNoTimestamp;
  std::int64_t max_ms = kNoTimestamp;  // never below -1, as brokers compute it

  void add(std::int64_t time_ms, bool is_first) {
    if (is_first) first_ms = time_ms;
    min_ms = std::min(min_ms, time_ms);
    max_ms = std::max(max_ms, time_ms);
  }
};

void check_times(const RecordBatchView& batch, const Times& times, const Path& file, VerifyReport& report) {
  const RecordBatchHeader& header = batch.header;
  // The append time stands for all records, and what the producer had meant is nobody's concern.
  if (header.timestamp_type() == TimestampType::log_append_time || header.magic == 0) return;
  if (header.max_timestamp != times.max_ms) {
    report.warning(file, at(batch, DefectCode::max_timestamp_mismatch, fmt::format("{}", times.max_ms),
                            fmt::format("{}", header.max_timestamp)));
  }
  if (!header.is_legacy() && !header.delete_horizon_ms() && header.base_timestamp != times.first_ms) {
    report.warning(file, at(batch, DefectCode::base_timestamp_mismatch, fmt::format("{}", times.first_ms),
                            fmt::format("{}", header.base_timestamp)));
  }
  if (times.min_ms < kNoTimestamp) {
    report.warning(
        file, at(batch, DefectCode::bad_timestamp, "times of at least -1", fmt::format("{}", times.min_ms)));
  }
}

}  // namespace

CheckedBatch BatchCheck::check(const RecordBatchView& batch, const Path& file) {
  const RecordBatchHeader& header = batch.header;
  CheckedBatch checked{.batch = batch};
  const auto refuse = [&](const Defect& defect) {
    report_.defect(file, defect);
    checked.readable = false;
  };

  if ((header.attributes & ~kUsedAttributes) != 0) {
    report_.warning(file, at(batch, DefectCode::unused_attributes, "bits 0 to 6",
                             fmt::format("{:#06x}", static_cast<std::uint16_t>(header.attributes))));
  }
  // Nobody but a broker that takes it from a producer looks at the crc of a message inside.
  const auto warn_inner_crc = [&](Offset offset) {
    Defect defect =
        at(batch, DefectCode::crc_mismatch, "a message inside the wrapper with a right crc", "a wrong one");
    defect.offset = offset;
    report_.warning(file, defect);
  };
  if (const auto odd = check_rebuildable(header, batch.position)) report_.warning(file, *odd);

  const auto output = uncompressed_within(most_bytes_, batch, decompressor_, scratch_);
  if (!output) {
    report_.count_batch(0);
    refuse(output.error());
    return checked;
  }
  const auto warn_trailing = [&](std::size_t bytes) {
    report_.warning(file, at(batch, DefectCode::trailing_bytes, "nothing behind the compressed records",
                             fmt::format("{} bytes", bytes)));
  };
  if (output->trailing_bytes > 0) warn_trailing(output->trailing_bytes);
  checked.records = output->bytes;

  RecordReader reader(header, output->bytes);
  Times times;
  std::uint64_t count = 0;
  for (RecordView record; reader.next(record); ++count) {
    times.add(record.timestamp_ms, count == 0);
    if (header.is_wrapper() && !legacy_crc_matches(reader.bytes())) warn_inner_crc(record.offset);
    if (!header.is_control()) continue;
    const auto type = decode_control_type(record);
    if (!type) {
      refuse(at(batch, type.error().code, type.error().expected, type.error().found));
      continue;
    }
    if (count == 0) checked.control = *type;
    if (*type != ControlType::abort && *type != ControlType::commit) continue;
    if (const auto marker = decode_end_transaction_marker(record); !marker) {
      refuse(at(batch, marker.error().code, marker.error().expected, marker.error().found));
    }
  }
  report_.count_batch(count);
  if (reader.defect()) {
    refuse(in_file(*reader.defect(), batch));
    return checked;
  }
  if (reader.bytes_left() > 0) warn_trailing(reader.bytes_left());
  if (count > 0) check_times(batch, times, file, report_);
  return checked;
}

Defect in_file(Defect defect, const RecordBatchView& batch) {
  if (batch.header.codec() == Codec::none) {
    const std::size_t records_at = batch.header.is_legacy() ? 0 : RecordBatchHeader::kSize;
    defect.position = batch.position + records_at + defect.position.value;
  } else {
    defect.found += fmt::format("{}at byte {} of the uncompressed records", defect.found.empty() ? "" : " ",
                                defect.position);
    defect.position = batch.position;
  }
  return defect;
}

}  // namespace kseg
