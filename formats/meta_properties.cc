#include "formats/meta_properties.h"

#include <fmt/format.h>

#include "formats/decimal.h"
#include "formats/line_reader.h"
#include "formats/properties.h"

namespace kseg {

Result<MetaProperties> decode_meta_properties(Bytes file) {
  const auto properties = decode_properties(file);
  if (!properties) return properties.error();
  const auto property = [&](std::string_view key) -> const Property* {
    const auto found = properties->find(key);
    return found == properties->end() ? nullptr : &found->second;
  };
  const auto bad_value = [](const Property& of, std::string expected) {
    return Defect{.code = DefectCode::bad_text,
                  .position = of.position,
                  .expected = std::move(expected),
                  .found = quote(of.value)};
  };

  MetaProperties meta{.version = 0};
  if (const Property* version = property("version")) {
    const auto number = parse_decimal<std::int32_t>(trimmed(version->value));  // no other value is trimmed
    if (!number) return bad_value(*version, "a version");
    if (*number != 0 && *number != 1) {
      return Defect{.code = DefectCode::unknown_version,
                    .position = version->position,
                    .expected = "0 or 1",
                    .found = fmt::format("{}", *number)};
    }
    meta.version = *number;
  }

  const std::string_view node_key = meta.version == 0 ? "broker.id" : "node.id";
  if (const Property* node = property(node_key)) {
    meta.node_id = parse_decimal<std::int32_t>(node->value);
    if (!meta.node_id) return bad_value(*node, fmt::format("a number as {}", node_key));
  }
  if (const Property* cluster = property("cluster.id")) meta.cluster_id = cluster->value;
  if (const Property* directory = property("directory.id")) {
    meta.directory_id = parse_uuid(directory->value);
    if (!meta.directory_id || meta.directory_id->is_reserved()) {
      return bad_value(*directory, "an id that is not reserved as directory.id");
    }
  }

  if (meta.version == 1 && (!meta.node_id || !meta.cluster_id)) {
    return Defect{.code = DefectCode::bad_text,
                  .position = {file.size()},
                  .expected = std::string(meta.node_id ? "cluster.id" : "node.id"),
                  .found = "the end of the file"};
  }
  return meta;
}

std::string encode_meta_properties(const MetaProperties& properties) {
  std::string text;
  if (properties.node_id) {
    text += fmt::format("{}={}\n", properties.version == 0 ? "broker.id" : "node.id", *properties.node_id);
  }
  if (properties.directory_id) text += fmt::format("directory.id={}\n", to_string(*properties.directory_id));
  text += fmt::format("version={}\n", properties.version);
  if (properties.cluster_id)
    text += fmt::format("cluster.id={}\n", escape_property_value(*properties.cluster_id));
  return text;
}

}  // namespace kseg
