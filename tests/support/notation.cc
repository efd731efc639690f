#include "tests/support/notation.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <stdexcept>

namespace kseg {
namespace {

constexpr std::string_view kNullKey = "-";
constexpr std::string_view kNull = "~";
constexpr std::string_view kEmpty = "''";

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string_view prefix(Codec codec) {
  switch (codec) {
    case Codec::none: return "";
    case Codec::gzip: return "z";
    case Codec::snappy: return "zs";
    case Codec::lz4: return "zl";
    case Codec::zstd: return "zz";
  }
  return "";
}

struct Suffixes {
  std::optional<std::int64_t> horizon_ms;
  bool log_append_time = false;
  std::int32_t leader_epoch = 0;
  bool rebuilt = false;
};

struct Producer {
  char kind = 'P';  // P, T, C, A or M
  std::int64_t id = kNoProducerId;
  std::int32_t sequence = 0;
  std::int16_t epoch = 0;
};

// Like a Cursor: after the first error it stands at the end and stays there.
class Parser {
 public:
  Parser(std::string_view text, LogModel log) : text_(text), log_(std::move(log)), next_(log_.end_offset()) {}

  Result<LogModel> parse() {
    while (skip_blanks()) {
      if (peek() == '{') {
        segment();
      } else if (log_.segments.empty()) {
        fail("a segment, {0}");
      } else if (eat("!")) {
        aborted_txn();
      } else {
        batch();
      }
      if (at_ < text_.size() && !is_blank(peek())) fail("a blank behind it");
    }
    if (defect_) return *defect_;
    return std::move(log_);
  }

 private:
  void segment() {
    eat("{");
    SegmentModel segment{.base = {number<std::int64_t>()}};
    if (eat(" m")) segment.mtime_ms = number<std::int64_t>();
    if (!eat("}")) return fail("}");
    next_ = segment.base;
    log_.segments.push_back(std::move(segment));
  }

  void aborted_txn() {
    AbortedTxn txn{.producer_id = number<std::int64_t>()};
    for (Offset* offset : {&txn.first_offset, &txn.last_offset, &txn.last_stable_offset}) {
      if (!eat(",")) return fail("four numbers");
      offset->value = number<std::int64_t>();
    }
    log_.segments.back().aborted.push_back(txn);
  }

  void batch() {
    if (const auto base = attempt(&Parser::base_offset)) next_ = *base;
    RecordBatchHeader header{.base_offset = next_};
    header.magic = attempt(&Parser::magic).value_or(RecordBatchHeader::kMagic);
    std::vector<RecordModel> records;
    std::optional<ControlType> control;
    header.attributes = static_cast<std::int16_t>(attempt(&Parser::codec).value_or(Codec::none));
    if (const auto producer = attempt(&Parser::producer)) {
      header.producer_id = producer->id;
      header.producer_epoch = producer->epoch;
      if (producer->kind != 'P') header.attributes |= RecordBatchHeader::kTransactionalBit;
      if (producer->kind == 'C') control = ControlType::commit;
      if (producer->kind == 'A') control = ControlType::abort;
      if (producer->kind == 'M') {
        header.attributes |= RecordBatchHeader::kControlBit;
        eat("[.]");
      } else if (!control) {
        header.base_sequence = producer->sequence;
        records = list(header);
      }
    } else if ((control = attempt(&Parser::leader_change))) {
      // has nothing else to say
    } else if (peek() == '[') {
      records = list(header);
    } else {
      if (header.is_legacy()) eat("/");
      records.push_back(record(next_));
    }
    if (header.magic == 0) {
      for (RecordModel& record : records) record.timestamp_ms = kNoTimestamp;
    }
    const Suffixes suffixes = this->suffixes();
    if (defect_) return;

    BatchModel batch;
    if (control) {
      batch = make_control_batch(next_, *control, header.producer_id, header.producer_epoch,
                                 suffixes.leader_epoch, suffixes.horizon_ms);
    } else {
      if (suffixes.log_append_time) header.attributes |= RecordBatchHeader::kLogAppendTimeBit;
      header.partition_leader_epoch = suffixes.leader_epoch;
      header.max_timestamp = records.empty() ? header.last_offset().value : records.front().timestamp_ms;
      batch = make_batch(header, records, suffixes.horizon_ms);
    }
    batch.rebuilt = suffixes.rebuilt;
    next_ = batch.header.next_offset();
    log_.segments.back().batches.push_back(std::move(batch));
  }

  std::optional<Offset> base_offset() {
    if (!is_digit(peek())) return std::nullopt;
    const Offset base{number<std::int64_t>()};
    return eat(":") ? std::optional{base} : std::nullopt;
  }

  // `v0` and `v1` before `/` or the list of a wrapper. A record's key may begin like that.
  std::optional<std::int8_t> magic() {
    const bool is_v0 = eat("v0");
    if (!is_v0 && !eat("v1")) return std::nullopt;
    for (const std::string_view start : {"/", "z[", "zs[", "zl["}) {
      if (text_.substr(at_).starts_with(start)) return is_v0 ? 0 : 1;
    }
    return std::nullopt;
  }

  std::optional<Codec> codec() {
    for (const Codec codec : {Codec::snappy, Codec::lz4, Codec::zstd, Codec::gzip}) {
      if (!eat(prefix(codec))) continue;
      const std::size_t behind = at_;
      const bool fits = peek() == '[' || producer().has_value();
      at_ = behind;
      return fits ? std::optional{codec} : std::nullopt;
    }
    return std::nullopt;
  }

  // `P5s10e1` and `T7` before a list, `M7` before `[.]`, `C7` and `A7e1` alone. A record's key may begin
  // like that, so nothing fails here.
  std::optional<Producer> producer() {
    Producer producer{.kind = peek()};
    if (!eat_one_of("PTCAM") || !is_digit(peek())) return std::nullopt;
    producer.id = number<std::int64_t>();
    const bool data = producer.kind == 'P' || producer.kind == 'T';
    if (data && is_field('s')) producer.sequence = field<std::int32_t>();
    if (is_field('e')) producer.epoch = field<std::int16_t>();
    const bool fits = producer.kind == 'M' ? text_.substr(at_).starts_with("[.]")
                      : data               ? peek() == '['
                                           : ends_word();
    return fits ? std::optional{producer} : std::nullopt;
  }

  std::optional<ControlType> leader_change() {
    return eat("K0") && ends_word() ? std::optional{ControlType::leader_change} : std::nullopt;
  }

  std::vector<RecordModel> list(RecordBatchHeader& header) {
    eat("[");
    std::vector<RecordModel> records;
    Offset offset = header.base_offset;
    while (true) {
      if (!skip_blanks()) return fail("]"), records;
      if (eat("]")) break;
      if (eat(".")) {
        offset = offset + (eat("x") ? number<std::int32_t>() : 1);
      } else {
        records.push_back(record(offset));
        offset = offset + 1;
      }
    }
    const std::int64_t slots = offset - header.base_offset;
    if (slots < 1 || slots > std::int64_t{1} << 31) fail("1 to 2^31 offsets in a batch");
    header.last_offset_delta = static_cast<std::int32_t>(slots - 1);
    return records;
  }

  RecordModel record(Offset offset) {
    RecordModel record{.offset = offset, .timestamp_ms = offset.value};
    record.key = bytes(until("=]"), kNullKey);
    if (!eat("=")) fail("key=value");
    record.value = bytes(until("@#]^*&+"), kNull);
    if (eat("@")) record.timestamp_ms = number<std::int64_t>();
    while (eat("#")) {
      HeaderModel header;
      header.key = bytes(until(":]"), {}).value_or(ByteBuffer{});
      if (!eat(":")) fail("header:value");
      header.value = bytes(until("#]^*&+"), kNull);
      record.headers.push_back(std::move(header));
    }
    return record;
  }

  Suffixes suffixes() {
    Suffixes suffixes;
    while (true) {
      if (eat("^")) {
        suffixes.horizon_ms = number<std::int64_t>();
      } else if (eat("&")) {
        suffixes.log_append_time = true;
      } else if (eat("+")) {
        suffixes.leader_epoch = number<std::int32_t>();
      } else if (eat("*")) {
        suffixes.rebuilt = true;
      } else {
        return suffixes;
      }
    }
  }

  // Up to one of `stops` or a blank; at least one character.
  std::string_view until(std::string_view stops) {
    const std::size_t from = at_;
    while (at_ < text_.size() && !is_blank(peek()) && stops.find(peek()) == stops.npos) ++at_;
    if (at_ == from) fail("at least one character");
    return text_.substr(from, at_ - from);
  }

  std::optional<ByteBuffer> bytes(std::string_view word, std::string_view null) {
    if (word == null) return std::nullopt;
    ByteBuffer out;
    if (word == kEmpty) return out;
    for (std::size_t i = 0; i < word.size(); ++i) {
      if (word[i] != '%') {
        out.push_back(static_cast<std::uint8_t>(word[i]));
        continue;
      }
      const std::string_view digits = word.substr(i + 1, 2);
      std::uint8_t byte = 0;
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
      if (error != std::errc{} || end != digits.data() + 2) fail("two hex digits behind %");
      out.push_back(byte);
      i += 2;
    }
    return out;
  }

  template <typename Number>
  Number number() {
    Number value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc{}) return fail("a number"), Number{0};
    at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }

  template <typename Number>
  Number field() {
    ++at_;
    return number<Number>();
  }

  bool is_field(char name) const {
    return peek() == name && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]);
  }
  bool ends_word() const {
    return !is_digit(peek()) && !is_letter(peek()) && peek() != '_' && peek() != '=' && peek() != '%';
  }

  // `read` from here; back to here if it yields nothing.
  template <typename Found>
  std::optional<Found> attempt(std::optional<Found> (Parser::*read)()) {
    const std::size_t from = at_;
    auto found = (this->*read)();
    if (!found && !defect_) at_ = from;
    return found;
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool eat(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  bool eat_one_of(std::string_view characters) {
    if (at_ == text_.size() || characters.find(peek()) == characters.npos) return false;
    ++at_;
    return true;
  }

  bool skip_blanks() {
    while (at_ < text_.size() && is_blank(peek())) ++at_;
    return at_ < text_.size();
  }

  void fail(std::string expected) {
    if (!defect_) {
      defect_ = Defect{.code = DefectCode::bad_text,
                       .position = {at_},
                       .expected = std::move(expected),
                       .found = std::string(text_.substr(at_, 20))};
    }
    at_ = text_.size();
  }

  std::string_view text_;
  LogModel log_;
  Offset next_;
  std::size_t at_ = 0;
  std::optional<Defect> defect_;
};

class Printer {
 public:
  std::string print(const LogModel& log) {
    for (const SegmentModel& segment : log.segments) {
      if (!out_.empty()) put(" ");
      put("{{{}}}", segment.base);
      Offset next = segment.base;
      for (const BatchModel& batch : segment.batches) {
        put(" ");
        if (batch.header.base_offset != next) put("{}:", batch.header.base_offset);
        put_batch(batch);
        next = batch.header.next_offset();
      }
      for (const AbortedTxn& txn : segment.aborted) {
        put(" !{},{},{},{}", txn.producer_id, txn.first_offset, txn.last_offset, txn.last_stable_offset);
      }
    }
    return std::move(out_);
  }

 private:
  template <typename... Values>
  void put(fmt::format_string<Values...> form, Values&&... values) {
    fmt::format_to(std::back_inserter(out_), form, std::forward<Values>(values)...);
  }

  void put_batch(const BatchModel& batch) {
    const RecordBatchHeader& header = batch.header;
    if (header.is_control()) {
      put_control(batch);
    } else {
      if (header.is_legacy()) put("v{}", header.magic);
      put("{}", prefix(header.codec()));
      if (header.has_producer()) {
        put("{}{}", header.is_transactional() ? 'T' : 'P', header.producer_id);
        if (header.base_sequence > 0) put("s{}", header.base_sequence);
        put_epoch(header);
      }
      const bool alone = !header.has_producer() && header.codec() == Codec::none &&
                         batch.records.size() == 1 && header.last_offset_delta == 0;
      if (header.is_legacy() && alone) put("/");
      alone ? put_record(batch.records.front(), header) : put_list(batch);
    }
    if (const auto horizon = header.delete_horizon_ms()) put("^{}", *horizon);
    if (header.timestamp_type() == TimestampType::log_append_time) put("&");
    if (header.partition_leader_epoch > 0) put("+{}", header.partition_leader_epoch);
    if (batch.rebuilt) put("*");
  }

  void put_control(const BatchModel& batch) {
    const auto type = control_type(batch);
    if (type && *type != ControlType::commit && *type != ControlType::abort) return put("K0");
    put("{}{}", !type ? 'M' : type == ControlType::commit ? 'C' : 'A', batch.header.producer_id);
    put_epoch(batch.header);
    if (!type) put("[.]");
  }

  void put_epoch(const RecordBatchHeader& header) {
    if (header.producer_epoch > 0) put("e{}", header.producer_epoch);
  }

  void put_list(const BatchModel& batch) {
    put("[");
    Offset next = batch.header.base_offset;
    for (const RecordModel& record : batch.records) {
      put_holes(record.offset - next);
      if (record.offset > batch.header.base_offset) put(" ");
      put_record(record, batch.header);
      next = record.offset + 1;
    }
    put_holes(batch.header.next_offset() - next);
    put("]");
  }

  void put_holes(std::int64_t count) {
    constexpr std::int64_t kAllShown = 64;
    if (count > kAllShown) {
      put("{}.x{}", out_.back() == '[' ? "" : " ", count);
      return;
    }
    for (std::int64_t i = 0; i < count; ++i) put("{}.", out_.back() == '[' ? "" : " ");
  }

  void put_record(const RecordModel& record, const RecordBatchHeader& header) {
    put("{}=", text(record.key, kNullKey));
    put("{}", text(record.value, kNull));
    const std::int64_t usual_ms = header.magic == 0 ? kNoTimestamp : record.offset.value;
    if (record.timestamp_ms != usual_ms) put("@{}", record.timestamp_ms);
    for (const HeaderModel& each : record.headers) put("#{}:{}", text(each.key, {}), text(each.value, kNull));
  }

  static std::string text(const std::optional<ByteBuffer>& bytes, std::string_view null) {
    if (!bytes) return std::string(null);
    if (bytes->empty()) return std::string(kEmpty);
    std::string out;
    for (const std::uint8_t byte : *bytes) {
      const auto c = static_cast<char>(byte);
      if (is_digit(c) || is_letter(c) || c == '_') {
        out.push_back(c);
      } else {
        out += fmt::format("%{:02X}", byte);
      }
    }
    return out;
  }

  std::string out_;
};

}  // namespace

Result<LogModel> parse_notation(std::string_view text) {
  return Parser(text, {}).parse();
}

std::optional<Defect> append_notation(std::string_view text, LogModel& log) {
  auto longer = Parser(text, log).parse();
  if (!longer) return longer.error();
  log = std::move(*longer);
  return std::nullopt;
}

LogModel log_of(std::string_view text) {
  auto log = parse_notation(text);
  if (!log)
    throw std::invalid_argument(
        fmt::format("{} at {}: {}", text, log.error().position, describe(log.error())));
  return std::move(*log);
}

std::string print_notation(const LogModel& log) {
  return Printer().print(log);
}

}  // namespace kseg
