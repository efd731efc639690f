#include "cli/append.h"

#include <CLI/CLI.hpp>

#include <memory>

#include "cli/cleaning_options.h"
#include "cli/counted.h"
#include "cli/folder_argument.h"
#include "cli/line_input.h"
#include "cli/refusal_lines.h"

namespace kseg {
namespace {

constexpr const char* kFooter = R"(INPUT
  JSON Lines as dump --json writes them. A record needs a key or a value; everything else may be left
  out. Lines of batches, if there are any, tell where a batch begins and ends; other lines of a dump are
  passed over. With --format text a line is a value, or a key and a value with --key-separator between.

WHAT IT DOES
  Appends to the active segment and rolls it as a broker does; writes the indexes, the producer snapshot,
  the leader epochs and the directory's checkpoints, so that a broker starts on it. A line that cannot
  be appended ends the run, and all that was written is taken back, unless --keep-going is given.

EXIT STATUS
  0  everything was appended
  1  a line could not be: nothing was appended; with --keep-going everything else was
  2  the command line is wrong
  3  the system said no: I/O, space, memory; nothing was appended
  4  refused: a broker holds the directory, it was not shut down cleanly, the end of the log is damaged)";

class Append {
 public:
  Append(const AppendOptions& options, PartitionAppender& appender, Output& output)
      : options_(options),
        output_(output),
        input_(options.input),
        lines_(options.lines),
        accumulator_(appender, options.batches) {}

  // False if a line was bad and that is the end of it.
  bool run() {
    while (const auto line = input_.next()) {
      if (line->empty() && !options_.lines.text) continue;
      if (!take(*line) && !options_.keep_going) return false;
    }
    while (const auto refused = accumulator_.flush()) {
      tell(*refused);
      if (!options_.keep_going) return false;
    }
    return true;
  }

  std::uint64_t bad_lines() const { return bad_lines_; }

 private:
  bool take(std::string_view line) {
    const RecordInput::What what = lines_.parse(line, input_.line());
    std::optional<RefusedLines> refused;
    // What came before may be refused first; then this is tried again.
    for (int attempt = 1; attempt <= 2; ++attempt) {
      switch (what) {
        case RecordInput::What::nothing: return true;
        case RecordInput::What::wrong: tell(input_.line(), input_.line(), lines_.wrong()); return false;
        case RecordInput::What::batch: refused = accumulator_.begin_batch(lines_.batch()); break;
        case RecordInput::What::record: refused = accumulator_.add(lines_.record()); break;
      }
      if (!refused) return true;
      tell(*refused);
      if (refused->last == input_.line() || !options_.keep_going) break;
    }
    return false;
  }

  void tell(const RefusedLines& refused) { tell(refused.first, refused.last, describe(refused.defect)); }

  void tell(std::uint64_t first, std::uint64_t last, std::string_view what) {
    bad_lines_ += last - first + 1;
    if (output_.json()) {
      output_.row("bad_line").field("line", first).field("last_line", last).field("what", what).end();
      return;
    }
    const std::string lines =
        first == last ? fmt::format("line {}", first) : fmt::format("lines {}-{}", first, last);
    output_.remark(fmt::format("{}: {}: {}", input_.name().string(), lines, what));
  }

  const AppendOptions& options_;
  Output& output_;
  LineInput input_;
  RecordInput lines_;
  RecordAccumulator accumulator_;
  std::uint64_t bad_lines_ = 0;
};

void print(const AppendOptions& options, const AppendReport& report, std::uint64_t bad_lines,
           Output& output) {
  for (const std::string& warning : report.warnings) output.remark("note: " + warning);
  if (output.json()) {
    output.row("summary")
        .field("partition", std::string_view(options.request.partition.native()))
        .field("created", report.created)
        .field("log_start", report.log_start)
        .field("log_end_before", report.log_end_before)
        .field("log_end", report.log_end)
        .field("records", report.records)
        .field("batches", report.batches)
        .field("bytes", report.bytes)
        .field("segments_created", report.segments_created)
        .field("transactions_aborted", report.transactions_aborted)
        .field("bad_lines", bad_lines)
        .end();
    return;
  }
  const std::string at = report.batches == 0
                             ? fmt::format("the log ends at {}", report.log_end)
                             : fmt::format("offsets {}..{}", report.log_end_before, report.log_end);
  fmt::format_to(std::back_inserter(output.line()), "{}{}: {} in {} appended, {}, {}",
                 options.request.partition.string(), report.created ? " (new)" : "",
                 count(report.records, "record", "records"), count(report.batches, "batch", "batches"),
                 count(report.bytes, "byte", "bytes"), at);
  output.end_line();
}

// Words as they were given; turned into options when the whole line is known.
struct Words {
  AppendOptions options;
  std::string input;
  std::string format = "jsonl";
  std::string timestamp = "input";
  std::string codec;
  std::optional<int> codec_level;
  std::string topic_id;
  std::string key_separator;
  std::string null_marker;
  std::optional<std::int64_t> log_start;
};

Codec parse_codec(const std::string& text) {
  for (const Codec codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    if (name(codec) == text) return codec;
  }
  throw CLI::ValidationError("--codec", "takes none, gzip, snappy, lz4 or zstd, not '" + text + "'");
}

AppendOptions validate(const Words& words, const CLI::App& command) {
  AppendOptions options = words.options;
  AppendRequest& request = options.request;
  request.partition = folder_path(request.partition);
  options.lines.now_ms = request.now_ms;
  if (!words.input.empty()) options.input = words.input;
  if (words.format != "jsonl" && words.format != "text") {
    throw CLI::ValidationError("--format", "takes jsonl or text, not '" + words.format + "'");
  }
  options.lines.text = words.format == "text";
  if (words.timestamp != "input" && words.timestamp != "now") {
    throw CLI::ValidationError("--timestamp", "takes input or now, not '" + words.timestamp + "'");
  }
  options.lines.timestamps_from_input = words.timestamp == "input";
  for (const char* const name : {"--key-separator", "--null"}) {
    if (command.count(name) > 0 && !options.lines.text) {
      throw CLI::ValidationError(name, "goes with --format text");
    }
  }
  if (command.count("--key-separator") > 0) {
    if (words.key_separator.empty())
      throw CLI::ValidationError("--key-separator", "takes a text that is not empty");
    options.lines.key_separator = words.key_separator;
  }
  if (command.count("--null") > 0) options.lines.null_marker = words.null_marker;
  if (!words.codec.empty()) options.batches.codec = parse_codec(words.codec);
  if (words.codec_level) {
    const auto range = options.batches.codec ? levels(*options.batches.codec) : std::nullopt;
    if (!range) throw CLI::ValidationError("--codec-level", "goes with --codec gzip, lz4 or zstd");
    if (*words.codec_level < range->least || *words.codec_level > range->most) {
      throw CLI::ValidationError("--codec-level", fmt::format("of {} is from {} to {}, not {}", words.codec,
                                                              range->least, range->most, *words.codec_level));
    }
    options.batches.level = words.codec_level;
  }
  if (!words.topic_id.empty()) {
    request.topic_id = parse_uuid(words.topic_id);
    if (!request.topic_id || request.topic_id->is_reserved()) {
      throw CLI::ValidationError("--topic-id",
                                 "takes a topic's id in 22 characters, not '" + words.topic_id + "'");
    }
  }
  if (words.log_start) request.log_start = Offset{*words.log_start};
  for (const char* const name : {"--topic-id", "--log-start"}) {
    if (command.count(name) > 0 && !request.create) throw CLI::ValidationError(name, "goes with --create");
  }
  if (options.lines.text && request.preserve_offsets) {
    throw CLI::ValidationError("--preserve-offsets", "text has no offsets");
  }
  options.batches.preserve_offsets = request.preserve_offsets;
  options.batches.null_keys = !request.config.compact || request.preserve_offsets;
  return options;
}

}  // namespace

void add_append_command(CLI::App& app, ChosenCommand& chosen) {
  const auto words = std::make_shared<Words>();
  AppendOptions& options = words->options;
  AppendRequest& request = options.request;
  CLI::App* const command = app.add_subcommand("append", "Write records to a partition, as a broker would");
  command->add_option("PARTITION", request.partition, "a partition folder, such as /var/kafka-logs/orders-0")
      ->type_name("")
      ->required();
  command->add_option("--input", words->input, "read FILE instead of standard input")->type_name("FILE");
  command->add_option("--format", words->format, "of the input: jsonl (as dump --json writes it) or text")
      ->type_name("jsonl|text");
  command->add_option("--key-separator", words->key_separator, "of text: what stands between key and value")
      ->type_name("TEXT");
  command->add_option("--null", words->null_marker, "of text: a key or a value that is this is null")
      ->type_name("TEXT");
  command->add_flag("--create", request.create, "make the partition if there is none");
  command->add_flag("--preserve-offsets", request.preserve_offsets,
                    "offsets, leader epochs and sequences are as the input has them, holes too");
  command->add_option("--log-start", words->log_start, "of a new partition: where its log begins")
      ->check(CLI::NonNegativeNumber)
      ->type_name("OFFSET");
  command->add_option("--topic-id", words->topic_id, "of a new partition: the id of its topic")
      ->type_name("ID");
  command->add_option("--timestamp", words->timestamp, "the input's, where it has them (default), or now")
      ->type_name("input|now");
  command
      ->add_option("--codec", words->codec,
                   "none, gzip, snappy, lz4, zstd (default: that of the batch lines, else none)")
      ->type_name("CODEC");
  command->add_option("--codec-level", words->codec_level, "of gzip, lz4 or zstd (default: Kafka's)")
      ->type_name("N");
  command
      ->add_option("--batch-bytes", options.batches.batch_bytes,
                   "begin another batch behind this many (default 16384)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 30))
      ->type_name("BYTES");
  command->add_option("--batch-records", options.batches.batch_records, "records a batch at most")
      ->check(CLI::Range(1, 2147483647))
      ->type_name("N");
  add_config_option(*command, request.config);
  command->add_flag("--keep-going", options.keep_going, "leave bad lines out and append the rest");
  command->add_flag("--recover", request.recover,
                    "cut off a torn tail; append where a directory was not shut down cleanly");
  command->add_flag("--force", request.force, "append to a partition that has other replicas");
  add_now_option(*command, request.now_ms, "the clock");
  command->add_flag("--json", options.json, "report as one JSON object a line");
  command->footer(kFooter);
  command->callback([words, command, &chosen] {
    const AppendOptions valid = validate(*words, *command);
    chosen.format = valid.json ? Format::jsonl : Format::text;
    chosen.run = [valid](Output& output) { return run_append(valid, output); };
  });
}

ExitStatus run_append(const AppendOptions& options, Output& output) {
  auto opened = PartitionAppender::open(posix_file_system(), options.request);
  if (const auto* refusal = std::get_if<Refusal>(&opened)) {
    print(*refusal, output);
    return ExitStatus::refused;
  }
  PartitionAppender& appender = *std::get<std::unique_ptr<PartitionAppender>>(opened);
  Append append(options, appender, output);
  if (!append.run()) {
    appender.roll_back();
    output.remark("nothing was appended; --keep-going leaves bad lines out");
    return ExitStatus::no;
  }
  print(options, appender.commit(), append.bad_lines(), output);
  return append.bad_lines() == 0 ? ExitStatus::done : ExitStatus::no;
}

}  // namespace kseg
