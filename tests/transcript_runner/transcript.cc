#include "tests/transcript_runner/transcript.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <functional>
#include <map>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "tests/support/log_builder.h"
#include "tests/support/notation.h"

namespace kseg {
namespace {

using Words = std::vector<std::string>;

constexpr std::string_view kPrompt = "$ ";
constexpr std::string_view kRule = "----";
constexpr std::string_view kStatus = "status ";
constexpr std::string_view kStderr = "2> ";

struct Shown {
  std::string out;
  std::string err;
  int status = 0;
};

std::runtime_error wrong(const std::string& what) {
  return std::runtime_error(what);
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

Words split_words(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), {}};
}

std::string rest_behind(const std::string& line, std::size_t words) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < words; ++i) {
    at = line.find_first_not_of(' ', line.find_first_of(' ', at));
    if (at == line.npos) return {};
  }
  return line.substr(at);
}

template <typename Number>
Number number(std::string_view word) {
  Number value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size())
    throw wrong(fmt::format("'{}' is no number", word));
  return value;
}

// One line of output as the transcript has it.
std::string shown(std::string_view line) {
  std::string text;
  if (line.starts_with("\\") || line.starts_with(kStderr) || line.starts_with(kStatus)) text = "\\";
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    const bool control = (byte < 0x20 && c != '\t') || byte == 0x7f;
    text += control ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  return text;
}

std::vector<std::string> shown_lines(const std::string& output, std::string_view prefix) {
  std::vector<std::string> lines;
  for (const std::string& line : split_lines(output)) lines.push_back(std::string(prefix) + shown(line));
  if (!output.empty() && output.back() != '\n')
    lines.push_back(std::string(prefix) + "\\ no newline at the end");
  return lines;
}

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

FolderFiles tree(const Path& path) {
  FolderFiles files;
  if (!std::filesystem::exists(path)) throw wrong(path.string() + " is not there");
  if (!std::filesystem::is_directory(path)) return {{"", read_whole_file(path)}};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    const std::string name = std::filesystem::relative(entry.path(), path).string();
    files[name] = entry.is_regular_file() ? read_whole_file(entry.path()) : ByteBuffer{};
  }
  return files;
}

// A folder to work in, and what the lines of a transcript do there.
class Stage {
 public:
  Stage(const Path& kseg, const Path& data) : kseg_(kseg), data_(data) {
    std::filesystem::create_directory(folder_);
  }

  void prepare(const std::string& line) {
    const Words words = split_words(line);
    struct Helper {
      std::size_t least_words;
      std::function<void()> run;
    };
    const auto place = [&](std::size_t i) { return this->place(words[i]); };
    const std::map<std::string, Helper> helpers = {
        {"make_log", {3, [&] { make_log(place(1), rest_behind(line, 2)); }}},
        {"make_root",
         {2,
          [&] {
            make_root(place(1), {words.begin() + 2, words.end()});
          }}},
        {"flip", {3, [&] { flip(place(1), number<std::size_t>(words[2])); }}},
        {"cut", {3, [&] { std::filesystem::resize_file(place(1), number<std::uintmax_t>(words[2])); }}},
        {"append", {3, [&] { append_hex(place(1), words[2]); }}},
        {"write",
         {2, [&] { write_whole_file(place(1), as_bytes(replace_all(rest_behind(line, 2), "\\n", "\n"))); }}},
        {"mtime", {3, [&] { set_mtime_ms(place(1), number<std::int64_t>(words[2])); }}},
        {"copy",
         {3, [&] { std::filesystem::copy(place(1), place(2), std::filesystem::copy_options::recursive); }}},
        {"remove", {2, [&] { remove(place(1)); }}},
        {"same",
         {3,
          [&] {
            if (tree(place(1)) != tree(place(2))) throw wrong("they differ");
          }}},
        {"differ", {3, [&] {
                      if (tree(place(1)) == tree(place(2))) throw wrong("they are the same");
                    }}}};
    const auto helper = helpers.find(words.front());
    if (helper == helpers.end()) throw wrong("no such helper");
    if (words.size() < helper->second.least_words) throw wrong("too few words");
    helper->second.run();
  }

  Shown run(const std::string& command) {
    const Words words = split_words(command);
    Shown shown =
        words.size() == 2 && words[0] == "notation" ? notation(place(words[1])) : run_in_shell(command);
    shown.out = replace_all(shown.out, folder_.string(), "{cwd}");
    shown.err = replace_all(shown.err, folder_.string(), "{cwd}");
    return shown;
  }

 private:
  Path place(const std::string& word) const {
    constexpr std::string_view kData = "data/";
    return word.starts_with(kData) ? data_ / word.substr(kData.size()) : folder_ / word;
  }

  static void make_log(const Path& folder, const std::string& text) {
    std::string notation = text;
    std::vector<std::pair<std::size_t, std::size_t>> flips;
    if (!text.starts_with("{")) notation = in_notation(split_words(text), flips);
    LogBuilder log(log_of(notation));
    for (const auto& [batch, offset_in_batch] : flips) log.flip_byte(batch, offset_in_batch);
    write_folder(folder, read_folder(log.path()));
    set_mtimes(folder, log.model());
  }

  static std::string in_notation(const Words& words,
                                 std::vector<std::pair<std::size_t, std::size_t>>& flips) {
    std::string notation;
    bool in_batch = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
      const bool keyword = words[i] == "segment" || words[i] == "batch" || words[i] == "flip";
      if (keyword && std::exchange(in_batch, false)) notation += "] ";
      const auto argument = [&] { return i + 1 < words.size() ? words[++i] : throw wrong("too few words"); };
      if (words[i] == "segment") {
        notation += "{" + argument() + "} ";
      } else if (words[i] == "batch") {
        if (notation.empty()) notation = "{0} ";
        notation += "[";
        in_batch = true;
      } else if (words[i] == "flip") {
        const auto batch = number<std::size_t>(argument());
        flips.emplace_back(batch, number<std::size_t>(argument()));
      } else if (in_batch) {
        notation += words[i] + " ";
      } else {
        throw wrong(fmt::format("'{}' is neither segment, batch nor flip", words[i]));
      }
    }
    return in_batch ? notation + "]" : notation;
  }

  void make_root(const Path& root, const Words& settings) {
    std::map<std::string, RootEntry> entries;
    for (const auto& folder : std::filesystem::directory_iterator(root)) {
      const auto name = parse_partition_folder_name(folder.path().filename().string());
      const auto log = from_files(read_folder(folder.path()));
      if (!name || !log) throw wrong(folder.path().string() + " is no partition folder that can be read");
      entries[to_string(name->partition)] = {.partition = name->partition, .end_offset = log->end_offset()};
    }
    RootEntry* entry = nullptr;
    for (const std::string& word : settings) {
      const std::size_t equals = word.find('=');
      if (equals == word.npos) {
        if (!entries.contains(word)) throw wrong(fmt::format("there is no folder {}", word));
        entry = &entries[word];
        continue;
      }
      const std::map<std::string, std::optional<Offset> RootEntry::*> fields = {
          {"first_dirty", &RootEntry::first_dirty},
          {"high_watermark", &RootEntry::high_watermark},
          {"log_start", &RootEntry::log_start}};
      const auto field = fields.find(word.substr(0, equals));
      if (field == fields.end() || entry == nullptr)
        throw wrong(fmt::format("'{}' is no setting of a folder", word));
      entry->*field->second = Offset{number<std::int64_t>(word.substr(equals + 1))};
    }
    std::vector<RootEntry> all;
    for (const auto& [name, settled] : entries) all.push_back(settled);
    write_root(root, all);
  }

  static void flip(const Path& file, std::size_t position) {
    ByteBuffer bytes = read_whole_file(file);
    bytes.at(position) = static_cast<std::uint8_t>(~bytes.at(position));
    write_whole_file(file, bytes);
  }

  static void append_hex(const Path& file, const std::string& hex) {
    ByteBuffer bytes = read_whole_file(file);
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      std::uint8_t byte = 0;
      const auto [end, error] =
          std::from_chars(hex.data() + i, hex.data() + std::min(i + 2, hex.size()), byte, 16);
      if (error != std::errc{} || end != hex.data() + i + 2) throw wrong("pairs of hex digits are needed");
      bytes.push_back(byte);
    }
    write_whole_file(file, bytes);
  }

  static void remove(const Path& path) {
    if (std::filesystem::remove_all(path) == 0) throw wrong("there is nothing to remove");
  }

  static Shown notation(const Path& folder) {
    const auto log = from_files(read_folder(folder));
    if (!log) return {.out = {}, .err = describe(log.error()) + "\n", .status = 1};
    return {.out = print_notation(*log) + "\n", .err = {}, .status = 0};
  }

  Shown run_in_shell(const std::string& command) const {
    const Path out = temporary_.path() / "stdout", err = temporary_.path() / "stderr";
    const pid_t child = fork();
    if (child < 0) throw wrong("cannot fork");
    if (child == 0) in_child(command, out, err);
    int status = 0;
    if (waitpid(child, &status, 0) != child) throw wrong("cannot wait for the command");
    return {.out = std::string(as_text(read_whole_file(out))),
            .err = std::string(as_text(read_whole_file(err))),
            .status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
  }

  [[noreturn]] void in_child(const std::string& command, const Path& out, const Path& err) const {
    const auto redirect = [](const Path& path, int flags, int to) {
      const int from = open(path.c_str(), flags, 0600);
      return from >= 0 && dup2(from, to) == to;
    };
    const char* path = getenv("PATH");
    setenv("PATH", (kseg_.parent_path().string() + ":" + (path != nullptr ? path : "/usr/bin:/bin")).c_str(),
           1);
    setenv("LC_ALL", "C", 1);
    setenv("TZ", "UTC", 1);
    setenv("TERM", "dumb", 1);
    constexpr int kWrite = O_WRONLY | O_CREAT | O_TRUNC;
    if (chdir(folder_.c_str()) == 0 && redirect("/dev/null", O_RDONLY, STDIN_FILENO) &&
        redirect(out, kWrite, STDOUT_FILENO) && redirect(err, kWrite, STDERR_FILENO)) {
      execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    }
    _exit(127);
  }

  Path kseg_;
  Path data_;
  TemporaryFolder temporary_;
  Path folder_ = std::filesystem::canonical(temporary_.path()) / "here";
};

std::string join(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace

TranscriptRun run_transcript(std::string_view name, const std::string& text, const Path& kseg,
                             const Path& data) {
  TranscriptRun run;
  Stage stage(kseg, data);
  const std::vector<std::string> lines = split_lines(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    run.text += line + "\n";
    if (line.empty() || line.front() == '#') continue;
    try {
      if (!line.starts_with(kPrompt)) {
        stage.prepare(line);
        continue;
      }
      const Shown shown = stage.run(line.substr(kPrompt.size()));
      std::vector<std::string> got = {std::string(kRule)};
      for (std::string& out : shown_lines(shown.out, "")) got.push_back(std::move(out));
      for (std::string& err : shown_lines(shown.err, kStderr)) got.push_back(std::move(err));
      got.push_back(fmt::format("{}{}", kStatus, shown.status));

      // A command just typed in has nothing below it yet.
      std::vector<std::string> expected;
      const std::size_t command_line = i + 1;
      if (i + 1 < lines.size() && lines[i + 1] == kRule) {
        do {
          if (++i == lines.size()) throw wrong("a status line must end what is expected");
          expected.push_back(lines[i]);
        } while (!lines[i].starts_with(kStatus));
      }
      run.text += join(got);
      if (got == expected) continue;
      run.failures += fmt::format("{}:{}: {}\n<<<<<<< expected\n{}=======\n{}>>>>>>> got\n", name,
                                  command_line, line, join(expected), join(got));
    } catch (const std::exception& error) {
      run.failures += fmt::format("{}:{}: {}: {}\n", name, i + 1, line, error.what());
      run.broken = true;
      break;
    }
  }
  return run;
}

}  // namespace kseg
