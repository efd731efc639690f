#include "tests/append_lines.h"

#include "cli/record_input.h"

namespace kseg {

Appended append_lines(FileSystem& files, const AppendRequest& request, std::string_view lines) {
  Appended appended;
  auto opened = PartitionAppender::open(files, request);
  if (const auto* refusal = std::get_if<Refusal>(&opened)) {
    appended.refused = refusal->reason;
    return appended;
  }
  PartitionAppender& appender = *std::get<std::unique_ptr<PartitionAppender>>(opened);
  RecordInput input({.now_ms = request.now_ms});
  RecordAccumulator accumulator(appender, {.preserve_offsets = request.preserve_offsets});
  const auto bad = [&](std::uint64_t line, std::string what) {
    appended.line = line;
    appended.what = std::move(what);
    appender.roll_back();
    return appended;
  };
  for (std::uint64_t number = 1; !lines.empty(); ++number) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const auto what = input.parse(lines.substr(0, end), number);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    std::optional<RefusedLines> refused;
    if (what == RecordInput::What::wrong) return bad(number, input.wrong());
    if (what == RecordInput::What::batch) refused = accumulator.begin_batch(input.batch());
    if (what == RecordInput::What::record) refused = accumulator.add(input.record());
    if (refused) return bad(refused->first, describe(refused->defect));
  }
  if (const auto refused = accumulator.flush()) return bad(refused->first, describe(refused->defect));
  appended.report = appender.commit();
  return appended;
}

}  // namespace kseg
