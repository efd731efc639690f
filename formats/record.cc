#include "formats/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "formats/legacy_message.h"

namespace kseg {
namespace {

// Length of the well-formed UTF-8 sequence at `bytes`, or minus the number of bytes Java's decoder
// replaces by one U+FFFD.
int utf8_sequence(Bytes bytes) {
  const auto at = [&](std::size_t i) { return i < bytes.size() ? bytes[i] : 0U; };
  const auto continues = [&](std::size_t i) { return (at(i) & 0xc0U) == 0x80U; };
  const unsigned first = bytes[0];
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : -1;
  if (first >= 0xe0 && first <= 0xef) {
    const bool second_fits = continues(1) && !(first == 0xe0 && at(1) < 0xa0);
    if (!second_fits) return -1;
    if (!continues(2)) return -2;
    return first == 0xed && at(1) >= 0xa0 ? -3 : 3;  // a surrogate is replaced as a whole
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool second_fits =
        continues(1) && !(first == 0xf0 && at(1) < 0x90) && !(first == 0xf4 && at(1) > 0x8f);
    if (!second_fits) return -1;
    if (!continues(2)) return -2;
    return continues(3) ? 4 : -3;
  }
  return -1;
}

// Leaves the ASCII that `bytes` begin with out, eight at a time.
std::size_t skip_ascii(Bytes bytes) {
  std::size_t i = 0;
  for (std::uint64_t eight; i + sizeof eight <= bytes.size(); i += sizeof eight) {
    std::memcpy(&eight, bytes.data() + i, sizeof eight);
    if ((eight & 0x8080808080808080) != 0) break;
  }
  return i;
}

// Reads the fields of a record in which nothing is wrong, at the cost of what is usual. What it says no to
// may still be right: varints of more than three bytes, and the last bytes of a section.
class UsualFields {
 public:
  // The record's fields are in [at, end); bytes before `readable` may be looked at.
  UsualFields(const std::uint8_t* at, const std::uint8_t* end, const std::uint8_t* readable)
      : at_(at), end_(end), readable_(readable) {}

  const std::uint8_t* at() const { return at_; }
  bool at_end() const { return at_ == end_; }

  bool varint(std::int32_t& value) {
    if (readable_ - at_ < 3) return false;
    std::uint32_t raw = at_[0];
    if (raw < 0x80) {
      at_ += 1;
    } else if (at_[1] < 0x80) {
      raw = (raw & 0x7f) | std::uint32_t{at_[1]} << 7;
      at_ += 2;
    } else if (at_[2] < 0x80) {
      raw = (raw & 0x7f) | (at_[1] & 0x7fU) << 7 | std::uint32_t{at_[2]} << 14;
      at_ += 3;
    } else {
      return false;
    }
    value = un_zig_zag(raw);
    return true;
  }

  bool varlong(std::int64_t& value) {
    std::uint64_t raw = 0;
    for (unsigned shift = 0; shift < 63 && at_ < readable_; shift += 7) {
      const std::uint64_t byte = *at_++;
      raw |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        value = un_zig_zag(raw);
        return true;
      }
    }
    return false;
  }

  bool bytes(std::int32_t size, Bytes& taken) {
    if (size < 0 || size > end_ - at_) return false;
    taken = {at_, static_cast<std::size_t>(size)};
    at_ += size;
    return true;
  }

  bool nullable(std::optional<Bytes>& field) {
    std::int32_t size = 0;
    if (!varint(size)) return false;
    if (size < 0) {
      field.reset();
      return true;
    }
    Bytes taken;
    if (!bytes(size, taken)) return false;
    field = taken;
    return true;
  }

  bool headers(std::int32_t count) {
    for (std::int32_t i = 0; i < count; ++i) {
      std::int32_t key_size = 0;
      Bytes key;
      std::optional<Bytes> value;
      if (!varint(key_size) || !bytes(key_size, key) || !nullable(value)) return false;
    }
    return count >= 0;
  }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  const std::uint8_t* readable_;
};

}  // namespace

bool RecordHeaderReader::next(RecordHeaderView& header) {
  if (left_ <= 0) return false;
  --left_;
  header.key = in_.bytes(in_.varint());
  const std::int32_t value_size = in_.varint();
  header.value = value_size < 0 ? std::nullopt : std::optional<Bytes>{in_.bytes(value_size)};
  return in_.ok();
}

bool RecordReader::fail(DefectCode code, std::string expected, std::string found) {
  defect_ = Defect{.code = code,
                   .position = record_start_,
                   .offset = base_offset_,
                   .expected = std::move(expected),
                   .found = std::move(found)};
  left_ = 0;
  return false;
}

bool RecordReader::bytes_behind_last() {
  return fail(DefectCode::record_count_mismatch, "no bytes behind the last record",
              fmt::format("{} bytes", in_.remaining()));
}

bool RecordReader::next(RecordView& record) {
  if (defect_) return false;
  if (magic_ < RecordBatchHeader::kMagic) return next_message(record);
  record_start_ = in_.position();
  if (left_ > 0 && next_usual(record)) return true;
  if (left_ <= 0) {
    if (left_ == 0 && in_.remaining() > 0 && rules_ == Rules::sound) return bytes_behind_last();
    return false;
  }
  if (in_.remaining() == 0) {
    return fail(DefectCode::record_count_mismatch, fmt::format("{} more records", left_),
                "the end of the batch");
  }
  --left_;

  const std::int32_t length = in_.varint();
  const Bytes body = in_.bytes(length);
  if (!in_.ok()) return fail(in_.defect()->code, "a whole record", fmt::format("length {}", length));
  Cursor fields(body);
  fields.i8();  // attributes: unused
  const std::int64_t timestamp_delta = fields.varlong();
  const std::int32_t offset_delta = fields.varint();
  const std::int32_t key_size = fields.varint();
  record.key = key_size < 0 ? std::nullopt : std::optional<Bytes>{fields.bytes(key_size)};
  const std::int32_t value_size = fields.varint();
  record.value = value_size < 0 ? std::nullopt : std::optional<Bytes>{fields.bytes(value_size)};
  record.header_count = fields.varint();
  record.headers = fields.rest();
  for (std::int32_t i = 0; i < record.header_count && fields.ok(); ++i) {
    fields.bytes(fields.varint());
    if (const std::int32_t size = fields.varint(); size >= 0) fields.bytes(size);
  }
  if (!fields.ok() || fields.remaining() > 0 || record.header_count < 0) {
    return fail(fields.ok() ? DefectCode::bad_record : fields.defect()->code,
                fmt::format("fields that fill a record of {} bytes", length),
                fields.ok()
                    ? fmt::format("{} bytes left, {} headers", fields.remaining(), record.header_count)
                    : "fields that pass its end");
  }

  record.offset = base_offset_ + offset_delta;
  if (rules_ == Rules::sound && !takes_offset(record.offset)) return false;
  if (rules_ == Rules::of_kafka && left_ == 0 && in_.remaining() > 0) return bytes_behind_last();
  record.timestamp_ms = timestamp(timestamp_delta);
  return true;
}

std::int64_t RecordReader::timestamp(std::int64_t delta) const {
  return log_append_time_ ? max_timestamp_
                          : static_cast<std::int64_t>(static_cast<std::uint64_t>(base_timestamp_) +
                                                      static_cast<std::uint64_t>(delta));
}

// Takes a record in which nothing is wrong, as nearly all are. False, and nothing has happened, where that is
// not so or not seen at once.
bool RecordReader::next_usual(RecordView& record) {
  if (rules_ != Rules::sound) return false;
  const Bytes rest = in_.rest();
  const std::uint8_t* const section_end = rest.data() + rest.size();
  UsualFields prefix(rest.data(), section_end, section_end);
  std::int32_t length = 0;
  if (!prefix.varint(length) || length <= 0 || length > section_end - prefix.at()) return false;

  const std::uint8_t* const end = prefix.at() + length;
  UsualFields fields(prefix.at() + 1, end, section_end);  // behind the attributes
  std::int64_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  if (!fields.varlong(timestamp_delta) || !fields.varint(offset_delta) || !fields.nullable(record.key) ||
      !fields.nullable(record.value) || fields.at() >= end) {
    return false;
  }
  // The number of headers is as a rule a zero, the record's last byte.
  if (*fields.at() == 0) {
    if (fields.at() + 1 != end) return false;
    record.header_count = 0;
    record.headers = {end, 0};
  } else {
    if (!fields.varint(record.header_count)) return false;
    record.headers = {fields.at(), end};
    if (fields.at() > end || !fields.headers(record.header_count) || !fields.at_end()) return false;
  }

  const Offset offset = base_offset_ + offset_delta;
  if (offset <= previous_ || offset > last_) return false;
  previous_ = offset;
  record.offset = offset;
  record.timestamp_ms = timestamp(timestamp_delta);
  in_.bytes(end - rest.data());
  --left_;
  return true;
}

bool RecordReader::takes_offset(Offset offset) {
  if (offset <= previous_ || offset > last_) {
    return fail(DefectCode::record_offset, fmt::format("an offset in {}..{}", previous_ + 1, last_),
                fmt::format("{}", offset));
  }
  previous_ = offset;
  return true;
}

bool RecordReader::next_message(RecordView& record) {
  if (left_ <= 0) return false;
  --left_;
  record_start_ = in_.position();
  const auto message = decode_legacy_message(in_.rest());
  if (!message) {
    const Defect& defect = message.error();
    record_start_ = record_start_ + defect.position.value;
    return fail(defect.code, defect.expected, defect.found);
  }
  const bool is_first = record_start_ == Position{};
  if (message->codec != Codec::none) {
    return fail(DefectCode::unknown_codec, "messages that are not compressed inside a wrapper",
                std::string(name(message->codec)));
  }
  if (is_first) relative_to_ = base_offset_ - message->offset;
  in_.bytes(static_cast<std::int64_t>(message->size_bytes));

  record.offset = message->offset + relative_to_;
  if (!takes_offset(record.offset)) return false;
  record.timestamp_ms = log_append_time_ ? max_timestamp_ : message->timestamp_ms;
  record.key = message->key;
  record.value = message->value;
  record.header_count = 0;
  record.headers = {};
  return true;
}

Result<Decompressor::Output> uncompressed_records(const RecordBatchView& batch, Decompressor& decompressor,
                                                  ByteBuffer& scratch) {
  if (auto defect = check_header(batch.header, batch.position)) return *defect;
  if (batch.header.is_wrapper()) return uncompressed_messages(batch, decompressor, scratch);
  if (batch.header.is_legacy()) return Decompressor::Output{.bytes = batch.bytes};
  // Kafka opens no stream for an empty batch (2.7); bytes behind the header are then surplus.
  if (batch.header.codec() == Codec::none || batch.header.record_count == 0) {
    return Decompressor::Output{.bytes = batch.records()};
  }
  auto output = decompressor.decompress(batch.header.codec(), batch.records(), scratch);
  if (output) return output;
  Defect defect = output.error();
  defect.position = batch.position + RecordBatchHeader::kSize + defect.position.value;
  defect.offset = batch.header.base_offset;
  return defect;
}

bool is_utf8(Bytes bytes) {
  for (std::size_t i = skip_ascii(bytes); i < bytes.size();) {
    const int size = utf8_sequence(bytes.subspan(i));
    if (size < 0) return false;
    i += static_cast<std::size_t>(size);
  }
  return true;
}

void append_as_utf8(Bytes bytes, ByteBuffer& out) {
  static constexpr std::uint8_t kReplacement[] = {0xef, 0xbf, 0xbd};
  for (std::size_t i = 0; i < bytes.size();) {
    const int size = utf8_sequence(bytes.subspan(i));
    if (size > 0) {
      append(out, bytes.subspan(i, static_cast<std::size_t>(size)));
      i += static_cast<std::size_t>(size);
    } else {
      append(out, kReplacement);
      i += static_cast<std::size_t>(-size);
    }
  }
}

}  // namespace kseg
