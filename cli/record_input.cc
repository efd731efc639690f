#include "cli/record_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "cli/json_bytes.h"
#include "cli/json_reader.h"
#include "cli/time_argument.h"
#include "formats/base64.h"
#include "formats/control_record.h"
#include "formats/line_reader.h"
#include "formats/record_batch_builder.h"

namespace kseg {
namespace {

// null, "text" or {"base64":"…"}.
std::optional<Bytes> read_bytes(JsonReader& in, ByteBuffer& out, ByteBuffer& scratch) {
  out.clear();
  switch (in.kind()) {
    case JsonReader::Kind::null: in.null(); return std::nullopt;
    case JsonReader::Kind::string:
      in.string(out);
      if (in.ok() && !is_utf8(out)) in.trip("UTF-8 (other bytes go into {\"base64\":…})");
      return Bytes(out);
    case JsonReader::Kind::object: {
      bool found = false;
      in.object([&](std::string_view name) {
        if (name != "base64") return in.trip("\"base64\" as the only member");
        scratch.clear();
        in.string(scratch);
        out.clear();
        found = decode_base64(as_text(scratch), out);
        if (!found) in.trip("base64");
      });
      if (in.ok() && !found) in.trip("a \"base64\" member before this");
      return Bytes(out);
    }
    case JsonReader::Kind::number:
    case JsonReader::Kind::boolean:
    case JsonReader::Kind::array:
    case JsonReader::Kind::none: in.trip("null, a string or {\"base64\":…}"); return std::nullopt;
  }
  return std::nullopt;
}

template <typename Number>
Number read_number(JsonReader& in) {
  const std::int64_t value = in.integer();
  if (value < std::numeric_limits<Number>::min() || value > std::numeric_limits<Number>::max()) {
    in.trip(fmt::format("a number from {} to {} before this", std::numeric_limits<Number>::min(),
                        std::numeric_limits<Number>::max()));
  }
  return static_cast<Number>(value);
}

std::optional<Codec> codec_named(std::string_view text) {
  for (const Codec codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    if (name(codec) == text) return codec;
  }
  return std::nullopt;
}

}  // namespace

// What a line says; what it does not say is nothing.
struct RecordInput::Fields {
  std::optional<std::int64_t> offset;
  std::optional<std::int64_t> timestamp_ms;
  std::optional<TimestampType> timestamp_type;
  std::optional<Bytes> key;
  std::optional<Bytes> value;
  bool key_given = false;
  bool value_given = false;
  std::int32_t header_count = 0;
  std::int64_t producer_id = kNoProducerId;
  std::int16_t producer_epoch = kNoProducerEpoch;
  std::int32_t sequence = kNoSequence;
  std::optional<std::int32_t> leader_epoch;
  bool transactional = false;
  bool control = false;
  std::optional<ControlType> control_type;
  std::int32_t coordinator_epoch = 0;
  // Of a batch.
  std::optional<std::int64_t> base_offset;
  std::optional<std::int64_t> last_offset;
  std::optional<std::int32_t> count;
  std::optional<Codec> codec;
  std::int64_t base_timestamp = kNoTimestamp;
  std::int64_t max_timestamp = kNoTimestamp;
  std::optional<std::int64_t> delete_horizon_ms;
  std::int32_t base_sequence = kNoSequence;

  enum class Type { record, batch, defect, other, unknown } type = Type::record;
  std::string unknown = {};  // a type, or the first member that no record or batch has
  bool other_partition = false;

  static Type type_named(std::string_view name);
};

// Of a line of dump. A word that is misspelt must not pass for one of no interest.
RecordInput::Fields::Type RecordInput::Fields::type_named(std::string_view name) {
  if (name == "record") return Type::record;
  if (name == "batch") return Type::batch;
  if (name == "defect") return Type::defect;
  static constexpr std::array<std::string_view, 10> kOthers = {
      "summary",           "note",         "offset_index_entry",
      "time_index_entry",  "aborted_txn",  "producer",
      "checkpoint_entry",  "leader_epoch", "meta_properties",
      "partition_metadata"};
  const bool known = std::find(kOthers.begin(), kOthers.end(), name) != kOthers.end();
  return known ? Type::other : Type::unknown;
}

RecordInput::What RecordInput::parse(std::string_view line, std::uint64_t number) {
  record_ = {};
  record_.line = number;
  batch_ = {};
  batch_.line = number;
  return options_.text ? parse_text(line) : parse_json(line);
}

RecordInput::What RecordInput::complain(std::string wrong) {
  wrong_ = std::move(wrong);
  return What::wrong;
}

RecordInput::What RecordInput::parse_text(std::string_view line) {
  const auto bytes = [&](std::string_view text) -> std::optional<Bytes> {
    if (options_.null_marker && text == *options_.null_marker) return std::nullopt;
    return as_bytes(text);
  };
  RecordView& record = record_.record;
  record.timestamp_ms = options_.now_ms;
  if (options_.key_separator) {
    const std::size_t at = line.find(*options_.key_separator);
    if (at == std::string_view::npos) return complain("no separator between key and value");
    record.key = bytes(line.substr(0, at));
    line = line.substr(at + options_.key_separator->size());
  }
  record.value = bytes(line);
  return What::record;
}

RecordInput::What RecordInput::parse_json(std::string_view line) {
  JsonReader in(line);
  Fields fields;
  const auto word = [&] {
    word_.clear();
    in.string(word_);
    if (in.ok() && !is_utf8(word_)) in.trip("UTF-8 before this");
    return as_text(word_);
  };
  const auto flag = [&](bool& to) {
    if (in.kind() == JsonReader::Kind::null)
      in.null();
    else
      to = in.boolean();
  };
  const auto time = [&]() -> std::optional<std::int64_t> {
    if (in.kind() == JsonReader::Kind::null) return in.null(), std::nullopt;
    if (in.kind() != JsonReader::Kind::string) return in.integer();
    const auto parsed = parse_time_ms(word());
    if (!parsed) in.trip("a time before this");
    return parsed;
  };
  const auto header = [&] {
    RecordHeaderView view;
    bool has_key = false;
    in.object([&](std::string_view name) {
      if (name == "key") {
        const auto key = read_bytes(in, header_key_, base64_);
        if (!key) return in.trip("a header's key before this");
        view.key = *key;
        has_key = true;
      } else if (name == "value") {
        view.value = read_bytes(in, header_value_, base64_);
      } else {
        in.trip("\"key\" or \"value\" of a header");
      }
    });
    if (in.ok() && !has_key) in.trip("a header's key before this");
    RecordBatchBuilder::encode_header(view, headers_);
    ++fields.header_count;
  };
  const auto control = [&] {
    if (in.kind() == JsonReader::Kind::null) return in.null();
    if (in.kind() == JsonReader::Kind::boolean) {  // of a batch
      fields.control = in.boolean();
      return;
    }
    fields.control = true;
    in.object([&](std::string_view name) {
      if (name == "coordinator_epoch") {
        fields.coordinator_epoch = read_number<std::int32_t>(in);
      } else if (name == "type") {
        const std::string_view type = word();
        for (const ControlType known : {ControlType::abort, ControlType::commit}) {
          if (kseg::name(known) == type) fields.control_type = known;
        }
      } else {
        in.skip();
      }
    });
  };

  headers_.clear();
  bool other = false;  // a line of neither kind: nothing of it is looked at
  if (in.kind() != JsonReader::Kind::object) return complain("not a JSON object");
  in.object([&](std::string_view name) {
    if (other) return in.skip();
    if (name == "offset") {
      fields.offset = in.integer();
    } else if (name == "timestamp") {
      fields.timestamp_ms = time();
    } else if (name == "timestamp_type") {
      const std::string_view type = word();
      if (type == "LogAppendTime")
        fields.timestamp_type = TimestampType::log_append_time;
      else if (type == "CreateTime")
        fields.timestamp_type = TimestampType::create_time;
      else
        in.trip("CreateTime or LogAppendTime before this");
    } else if (name == "key") {
      fields.key = read_bytes(in, key_, base64_);
      fields.key_given = true;
    } else if (name == "value") {
      fields.value = read_bytes(in, value_, base64_);
      fields.value_given = true;
    } else if (name == "headers") {
      if (in.kind() == JsonReader::Kind::null)
        in.null();
      else
        in.array(header);
    } else if (name == "producer_id") {
      fields.producer_id = in.integer();
    } else if (name == "producer_epoch") {
      fields.producer_epoch = read_number<std::int16_t>(in);
    } else if (name == "sequence") {
      fields.sequence = read_number<std::int32_t>(in);
    } else if (name == "leader_epoch") {
      fields.leader_epoch = read_number<std::int32_t>(in);
    } else if (name == "transactional") {
      flag(fields.transactional);
    } else if (name == "control") {
      control();
    } else if (name == "partition") {
      const std::string_view partition = word();
      if (!partition_) partition_ = std::string(partition);
      fields.other_partition = partition != *partition_;
    } else if (name == "type") {
      const std::string_view type = word();
      fields.type = Fields::type_named(type);
      if (fields.type == Fields::Type::unknown) fields.unknown = type;
      other = fields.type != Fields::Type::record && fields.type != Fields::Type::batch;
    } else if (name == "base_offset") {
      fields.base_offset = in.integer();
    } else if (name == "last_offset") {
      fields.last_offset = in.integer();
    } else if (name == "count") {
      fields.count = read_number<std::int32_t>(in);
    } else if (name == "codec") {
      fields.codec = codec_named(word());
      if (!fields.codec) in.trip("a codec before this");
    } else if (name == "max_timestamp") {
      fields.max_timestamp = in.integer();
    } else if (name == "delete_horizon_ms") {
      fields.delete_horizon_ms = time();
    } else if (name == "base_sequence") {
      fields.base_sequence = read_number<std::int32_t>(in);
    } else {
      static constexpr std::array kOfNoUse = {
          "file",  "position",   "size",          "magic",          "crc",
          "valid", "attributes", "last_sequence", "base_timestamp", "decoded"};
      const bool known = std::find(kOfNoUse.begin(), kOfNoUse.end(), name) != kOfNoUse.end();
      if (!known && fields.unknown.empty()) fields.unknown = name;
      in.skip();
    }
  });
  in.end();
  if (!in.ok()) return complain(in.wrong());
  if (fields.type == Fields::Type::other) return What::nothing;
  if (fields.type == Fields::Type::defect)
    return complain("the dump met a defect here: something is missing");
  if (fields.type == Fields::Type::unknown) {
    return complain(fmt::format("{} is no type of line that dump writes", quote(fields.unknown)));
  }
  if (!fields.unknown.empty()) {
    return complain(fmt::format("{} is no member of a record or a batch", quote(fields.unknown)));
  }
  if (fields.other_partition) return complain("a second partition; append takes those of one");
  return fields.type == Fields::Type::batch ? to_batch(fields) : to_record(fields);
}

RecordInput::What RecordInput::to_record(const Fields& fields) {
  record_.timestamp_type = fields.timestamp_type.value_or(TimestampType::create_time);
  record_.producer_id = fields.producer_id;
  record_.producer_epoch = fields.producer_epoch;
  record_.sequence = fields.sequence;
  record_.leader_epoch = fields.leader_epoch;
  record_.transactional = fields.transactional;
  record_.control = fields.control;
  if (fields.offset) record_.offset = Offset{*fields.offset};
  RecordView& record = record_.record;
  record.timestamp_ms =
      options_.timestamps_from_input ? fields.timestamp_ms.value_or(options_.now_ms) : options_.now_ms;
  record.key = fields.key;
  record.value = fields.value;
  record.header_count = fields.header_count;
  record.headers = headers_;
  if (fields.control && !fields.key_given) {
    if (!fields.control_type) return complain("a control record needs a key, or COMMIT or ABORT as its type");
    key_.clear();
    value_.clear();
    encode_control_key(*fields.control_type, key_);
    encode_end_transaction_marker({.coordinator_epoch = fields.coordinator_epoch}, value_);
    record.key = key_;
    record.value = value_;
  }
  if (!fields.key_given && !fields.value_given && !fields.control)
    return complain("neither a key nor a value");
  return What::record;
}

RecordInput::What RecordInput::to_batch(const Fields& fields) {
  if (!fields.base_offset || !fields.last_offset || !fields.count) {
    return complain("a batch needs base_offset, last_offset and count");
  }
  const std::int64_t delta = Offset{*fields.last_offset} - Offset{*fields.base_offset};
  if (*fields.base_offset < 0 || delta < 0 || delta > std::numeric_limits<std::int32_t>::max() ||
      *fields.count < 0) {
    return complain("a batch that no log can hold");
  }
  RecordBatchHeader& header = batch_.header;
  header.base_offset = {*fields.base_offset};
  header.last_offset_delta = static_cast<std::int32_t>(delta);
  header.record_count = *fields.count;
  header.partition_leader_epoch = fields.leader_epoch.value_or(0);
  header.attributes = static_cast<std::int16_t>(fields.codec.value_or(Codec::none));
  if (fields.timestamp_type == TimestampType::log_append_time) {
    header.attributes |= RecordBatchHeader::kLogAppendTimeBit;
  }
  if (fields.transactional) header.attributes |= RecordBatchHeader::kTransactionalBit;
  if (fields.control) header.attributes |= RecordBatchHeader::kControlBit;
  header.max_timestamp = fields.max_timestamp;
  header.producer_id = fields.producer_id;
  header.producer_epoch = fields.producer_epoch;
  header.base_sequence = fields.base_sequence;
  batch_.delete_horizon_ms = fields.delete_horizon_ms;
  return What::batch;
}

}  // namespace kseg
