// The lines that append reads, as records: JSON Lines as dump writes them, or text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/record_accumulator.h"

namespace kseg {

// What is the same for the whole input.
struct RecordInputOptions {
  bool text = false;                         // a line is KEY SEPARATOR VALUE, or a value
  std::optional<std::string> key_separator;  // of text; without one there are no keys
  std::optional<std::string> null_marker;    // of text: a key or a value that is this is null
  bool timestamps_from_input = true;         // else, and where the input has none: now_ms
  std::int64_t now_ms = 0;
};

class RecordInput {
 public:
  enum class What { record, batch, nothing, wrong };

  explicit RecordInput(RecordInputOptions options) : options_(std::move(options)) {}

  // What the line holds; `nothing` is a line of dump that is neither a batch nor a record.
  What parse(std::string_view line, std::uint64_t number);

  // Valid until the next call of parse().
  const RecordToAppend& record() const { return record_; }
  const BatchToAppend& batch() const { return batch_; }
  const std::string& wrong() const { return wrong_; }

 private:
  struct Fields;
  What parse_text(std::string_view line);
  What parse_json(std::string_view line);
  What complain(std::string wrong);
  What to_record(const Fields& fields);
  What to_batch(const Fields& fields);

  RecordInputOptions options_;
  RecordToAppend record_;
  BatchToAppend batch_;
  std::string wrong_;
  std::optional<std::string> partition_;  // that the lines so far name
  // Reused from line to line.
  ByteBuffer key_;
  ByteBuffer value_;
  ByteBuffer headers_;
  ByteBuffer header_key_;
  ByteBuffer header_value_;
  ByteBuffer word_;
  ByteBuffer base64_;
};

}  // namespace kseg
