// The worked examples of formats/*.md, so that what the pages say is what the code does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/bytes.h"
#include "tests/support/hex.h"

namespace kseg {

// The `number`th fenced block (from 1) behind the heading "Worked example" of formats/`page`.
std::string page_example(std::string_view page, int number = 1);

struct HexExample {
  std::string name;
  ByteBuffer bytes;
};

// The blocks of formats/`page` that open with "```hex NAME".
std::vector<HexExample> hex_examples(std::string_view page);
ByteBuffer hex_example(std::string_view page, std::string_view name);

}  // namespace kseg
