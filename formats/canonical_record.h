// What a record says, as bytes that do not depend on how its batch was built: what digests are made of.
// kseg-digest(1) has the same for others to follow. Integers are big-endian.
//
//   content:  key      int32 length, -1 for null, then the bytes
//             value    likewise
//             headers  int32 count; of each, in order: key and value, each as above
//   record:   offset   int64
//             time     int64, ms; what a reader gets: the batch's if that is LogAppendTime
//             content
#pragma once

#include "formats/record.h"

namespace kseg {

void append_canonical_content(const RecordView& record, ByteBuffer& out);
void append_canonical_record(const RecordView& record, ByteBuffer& out);

}  // namespace kseg
