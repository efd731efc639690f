// The worked examples of formats/*.md, so that what the pages say is what the code does.
#pragma once

#include <string>
#include <string_view>

#include "formats/bytes.h"

namespace kseg {

// The `number`th fenced block (from 1) behind the heading "Worked example" of formats/`page`.
std::string page_example(std::string_view page, int number = 1);

// Bytes of hexadecimal digits; blanks and line ends between them do not matter.
ByteBuffer from_hex(std::string_view text);

}  // namespace kseg
