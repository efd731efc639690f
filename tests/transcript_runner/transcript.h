// A transcript: what a user types, and what the screen then shows.
//
//   # verify goes on after a damaged batch
//   make_log t-0 segment 100 batch k1=v1 k2=v2 batch k3=v3 flip 1 70
//   $ kseg verify t-0
//   ----
//   t-0/00000000000000000100.log: position 83: crc_mismatch: …
//   2> what went to stderr
//   status 1
//
// Each file runs in a fresh folder; what its lines make lives on until its end. A command goes to sh,
// with kseg on the PATH and nothing on stdin. The folder's own path is shown as {cwd}, control characters as
// \xNN, an end without newline as a line of its own. A line of output that could be taken for something
// else has a \ in front.
//
// Lines that prepare and check (NOTATION is that of tests/support/notation.h; A may begin with data/, which
// is tests/data):
//
//   make_log FOLDER NOTATION          the files a clean shutdown leaves
//   make_log FOLDER [segment BASE | batch RECORD… | flip BATCH OFFSET]…
//   make_root FOLDER [PARTITION-FOLDER [first_dirty=N] [high_watermark=N] [log_start=N]…]…
//                                     makes the folder around partition folders a log directory
//   flip FILE POSITION    cut FILE SIZE    append FILE HEX    write FILE TEXT    mtime FILE MS
//   copy A B    remove PATH    same A B    differ A B
//
// `$ notation FOLDER` is not a command of the system: it prints the folder's log in the notation.
#pragma once

#include <string>
#include <string_view>

#include "lib/file_system.h"

namespace kseg {

struct TranscriptRun {
  std::string text;      // the transcript again, with what was really shown
  std::string failures;  // where that differs, or a line that makes no sense; empty if all is well
  bool broken = false;   // the latter: `text` is not to be kept
};

// `name` is what failures call the file.
TranscriptRun run_transcript(std::string_view name, const std::string& text, const Path& kseg,
                             const Path& data);

}  // namespace kseg
