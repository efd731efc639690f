// Writes copies of those sources that mutants are in, with the mutants woven in:
//
//   kseg_weave TABLE SOURCE_FOLDER WOVEN_FOLDER
//
// A file has the same path below both folders; mutants.cc stands beside the copies. A copy that would come
// out as it is is not touched, so that only what changed is compiled again. Status 1, and a line that names
// the mutant, if the table cannot be woven in.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Mutant {
  std::string name;
  std::string rule;
  std::string file;
  std::string was;
  std::string is;
  std::string unseen;
};

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error(fmt::format("cannot read {}", path.string()));
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_if_changed(const fs::path& path, const std::string& text) {
  if (fs::exists(path) && read(path) == text) return;
  fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) throw std::runtime_error(fmt::format("cannot write {}", path.string()));
}

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The number of times BROKEN stood in `text` as a word; now `with` stands there.
int replace_broken(std::string& text, std::string_view with) {
  constexpr std::string_view kWord = "BROKEN";
  int count = 0;
  for (std::size_t at = 0; (at = text.find(kWord, at)) != std::string::npos;) {
    const std::size_t end = at + kWord.size();
    const bool is_word = (at == 0 || !is_word_character(text[at - 1])) &&
                         (end == text.size() || !is_word_character(text[end]));
    if (is_word) {
      text.replace(at, kWord.size(), with);
      ++count;
    }
    at += is_word ? with.size() : kWord.size();
  }
  return count;
}

class Table {
 public:
  explicit Table(const fs::path& path) {
    std::ifstream in(path);
    if (!in) throw std::runtime_error(fmt::format("cannot read {}", path.string()));
    for (std::string line; std::getline(in, line);) {
      if (!line.empty() && line[0] != '#') read_line(line);
    }
    for (std::size_t i = 0; i < mutants_.size(); ++i) finish(mutants_[i], i + 1);
  }

  const std::vector<Mutant>& mutants() const { return mutants_; }

 private:
  void read_line(const std::string& line) {
    const std::size_t space = line.find(' ');
    const std::size_t text_start = line.find_first_not_of(' ', space);
    if (text_start == std::string::npos) throw std::runtime_error("not a word and a text: " + line);
    const std::string word = line.substr(0, space);
    const std::string text = line.substr(text_start);
    if (word == "mutant") {
      mutants_.push_back({.name = text});
      return;
    }
    const std::map<std::string, std::string Mutant::*> fields{{"rule", &Mutant::rule},
                                                              {"file", &Mutant::file},
                                                              {"was", &Mutant::was},
                                                              {"is", &Mutant::is},
                                                              {"unseen", &Mutant::unseen}};
    const auto field = fields.find(word);
    if (mutants_.empty() || field == fields.end()) {
      throw std::runtime_error(fmt::format("what is a {}? {}", word, line));
    }
    std::string& value = mutants_.back().*field->second;
    if (value.empty()) {
      value = text;
    } else if (word == "is") {
      value += ' ' + text;
    } else {
      throw std::runtime_error(fmt::format("mutant {}: {} is given twice", mutants_.back().name, word));
    }
  }

  void finish(Mutant& mutant, std::size_t number) const {
    const auto refuse = [&](std::string_view why) {
      throw std::runtime_error(fmt::format("mutant {}: {}", mutant.name, why));
    };
    if (mutant.rule.empty() || mutant.file.empty() || mutant.was.empty() || mutant.is.empty()) {
      refuse("rule, file, was or is lacks");
    }
    const auto of_that_name = [&](const Mutant& other) { return other.name == mutant.name; };
    if (std::count_if(mutants_.begin(), mutants_.end(), of_that_name) > 1) refuse("two have this name");
    if (replace_broken(mutant.is, fmt::format("bool(::kseg_mutant == {})", number)) == 0) {
      refuse("BROKEN does not stand in what it is");
    }
  }

  std::vector<Mutant> mutants_;
};

// Where in `source` the text stands that the mutant replaces.
std::size_t find_once(const std::string& source, const Mutant& mutant) {
  const std::size_t at = source.find(mutant.was);
  const bool again = at != std::string::npos && source.find(mutant.was, at + 1) != std::string::npos;
  if (at != std::string::npos && !again) return at;
  throw std::runtime_error(fmt::format("mutant {}: in {} this has to stand once, but {}: {}", mutant.name,
                                       mutant.file, again ? "stands more than once" : "does not",
                                       mutant.was));
}

// Each text is looked for in the source as it is, so that no mutant depends on another.
std::string weave(const std::string& source, const std::string& file, const std::vector<Mutant>& mutants) {
  std::multimap<std::size_t, const Mutant*> places;
  for (const Mutant& mutant : mutants) {
    if (mutant.file == file) places.emplace(find_once(source, mutant), &mutant);
  }
  // What a compiler or a debugger says is then about the source.
  std::string woven = fmt::format("extern int kseg_mutant;\n#line 1 \"{}\"\n", file);
  std::size_t from = 0;
  const Mutant* previous = nullptr;
  for (const auto& [at, mutant] : places) {
    if (at < from) {
      throw std::runtime_error(
          fmt::format("mutants {} and {} change the same text", previous->name, mutant->name));
    }
    woven.append(source, from, at - from);
    woven += mutant->is;
    from = at + mutant->was.size();
    previous = mutant;
  }
  return woven.append(source, from);
}

std::string list(const std::vector<Mutant>& mutants) {
  std::string text =
      "#include \"tests/mutants/mutants.h\"\n\n"
      "int kseg_mutant = 0;\n\n"
      "namespace kseg {\n\n"
      "std::span<const Mutant> mutants() {\n"
      "  static constexpr Mutant kMutants[] = {\n";
  for (const Mutant& mutant : mutants) {
    text += fmt::format("      {{R\"~({})~\", R\"~({})~\", R\"~({})~\"}},\n", mutant.name, mutant.rule,
                        mutant.unseen);
  }
  return text + "  };\n  return kMutants;\n}\n\n}  // namespace kseg\n";
}

void run(const fs::path& table_path, const fs::path& sources, const fs::path& folder) {
  const Table table(table_path);
  std::map<fs::path, std::string> woven{{folder / "mutants.cc", list(table.mutants())}};
  for (const Mutant& mutant : table.mutants()) {
    std::string& text = woven[folder / mutant.file];
    if (text.empty()) text = weave(read(sources / mutant.file), mutant.file, table.mutants());
  }
  for (const auto& [path, text] : woven) write_if_changed(path, text);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: kseg_weave TABLE SOURCE_FOLDER WOVEN_FOLDER\n");
    return 2;
  }
  try {
    run(argv[1], argv[2], argv[3]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "kseg_weave: {}: {}\n", argv[1], error.what());
    return 1;
  }
}
