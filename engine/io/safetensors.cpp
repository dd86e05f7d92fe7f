#include "engine/io/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/io/atomic_file.h"
#include "engine/io/file.h"

namespace nascent {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are read in place as little-endian");

using nlohmann::json;

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 34;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the format's own limit
constexpr std::size_t kLengthBytes = 8;
constexpr const char* kMetadata = "__metadata__";

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what) {
  throw DataError(fmt::format("{}: {}. An incomplete download, or not a safetensors file?", path.string(), what));
}

int dtype_bytes(const std::string& dtype) {
  static const std::map<std::string, int> sizes = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1},
                                                   {"U16", 2},  {"I16", 2}, {"F16", 2}, {"BF16", 2},    {"U32", 4},
                                                   {"I32", 4},  {"F32", 4}, {"U64", 8}, {"I64", 8},     {"F64", 8}};
  const auto found = sizes.find(dtype);
  return found == sizes.end() ? 0 : found->second;
}

// nlohmann-json lets the last of two equal keys win in silence, so keys are watched as they are parsed.
json parse_header(std::span<const std::uint8_t> text, const std::filesystem::path& path) {
  std::vector<std::set<std::string>> open_objects;
  const auto watch = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) open_objects.emplace_back();
    if (event == json::parse_event_t::object_end) open_objects.pop_back();
    if (event == json::parse_event_t::key && !open_objects.back().insert(value.get<std::string>()).second)
      refuse(path, fmt::format("the header has the key '{}' twice", value.get<std::string>()));
    return true;
  };
  try {
    return json::parse(text.begin(), text.end(), watch);
  } catch (const json::parse_error& e) {
    refuse(path, fmt::format("the header is not JSON (byte {})", kLengthBytes + e.byte));
  }
}

// Every number must be a whole one that fits: get<uint64_t>() would turn -1 and 1e30 into something else.
std::vector<std::uint64_t> whole_numbers(const json& value, const std::string& name, const char* key,
                                         const std::filesystem::path& path) {
  const auto wrong = [&] { refuse(path, fmt::format("tensor '{}': '{}' is not a list of whole numbers", name, key)); };
  std::vector<std::uint64_t> numbers;
  if (!value.is_array()) wrong();
  for (const json& number : value) {
    if (!number.is_number_unsigned()) wrong();
    numbers.push_back(number.get<std::uint64_t>());
  }
  return numbers;
}

}  // namespace

SafetensorsFile SafetensorsFile::read(const std::filesystem::path& path) {
  SafetensorsFile file;
  file.path_ = path;
  file.bytes_ = read_file(path, kMaxFileBytes);
  file.read_header();
  file.check_coverage();
  return file;
}

void SafetensorsFile::read_header() {
  if (bytes_.size() < kLengthBytes)
    refuse(path_, fmt::format("{} bytes are too few for a header length", bytes_.size()));
  std::uint64_t length = 0;
  std::memcpy(&length, bytes_.data(), kLengthBytes);
  if (length > kMaxHeaderBytes)
    refuse(path_, fmt::format("header length {} is over the limit of {}", length, kMaxHeaderBytes));
  if (length > bytes_.size() - kLengthBytes)
    refuse(path_, fmt::format("header length {} reaches past the end of the file ({} bytes)", length, bytes_.size()));
  if (length == 0 || bytes_[kLengthBytes] != '{') refuse(path_, "the header does not begin with '{'");
  data_ = kLengthBytes + length;

  const json header = parse_header(std::span(bytes_).subspan(kLengthBytes, length), path_);
  for (const auto& [name, value] : header.items()) {
    if (!value.is_object()) refuse(path_, fmt::format("'{}' is not a JSON object", name));
    if (name == kMetadata) {
      for (const auto& [key, text] : value.items()) {
        if (!text.is_string()) refuse(path_, fmt::format("metadata '{}' is not a text", key));
        metadata_[key] = text.get<std::string>();
      }
      continue;
    }
    if (value.size() != 3 || !value.contains("dtype") || !value.contains("shape") || !value.contains("data_offsets") ||
        !value["dtype"].is_string())
      refuse(path_, fmt::format("tensor '{}' needs dtype, shape and data_offsets, and nothing else", name));

    Entry entry{.name = name, .dtype = value["dtype"].get<std::string>(), .shape = {}};
    const int element = dtype_bytes(entry.dtype);
    if (element == 0) refuse(path_, fmt::format("tensor '{}': unknown type '{}'", name, entry.dtype));
    const auto sizes = whole_numbers(value["shape"], name, "shape", path_);
    if (sizes.size() > static_cast<std::size_t>(Shape::kMaxRank))
      refuse(path_, fmt::format("tensor '{}' has {} axes, at most {} are read", name, sizes.size(), Shape::kMaxRank));
    constexpr std::uint64_t kMaxElements = std::numeric_limits<std::int64_t>::max() / 8;
    std::uint64_t elements = 1;
    std::vector<std::int64_t> signed_sizes;
    for (std::uint64_t size : sizes) {
      const auto product = static_cast<unsigned __int128>(elements) * size;
      if (size > kMaxElements || product > kMaxElements)
        refuse(path_, fmt::format("tensor '{}': shape [{}] is absurdly large", name, fmt::join(sizes, ", ")));
      elements = static_cast<std::uint64_t>(product);
      signed_sizes.push_back(static_cast<std::int64_t>(size));
    }
    entry.shape = Shape(signed_sizes);
    const auto offsets = whole_numbers(value["data_offsets"], name, "data_offsets", path_);
    if (offsets.size() != 2 || offsets[0] > offsets[1])
      refuse(path_, fmt::format("tensor '{}': data_offsets are not [begin, end]", name));
    entry.begin = offsets[0], entry.end = offsets[1];
    if (entry.end - entry.begin != elements * static_cast<std::uint64_t>(element))
      refuse(path_, fmt::format("tensor '{}': {} of {} takes {} bytes, its offsets span {}", name, entry.dtype,
                                entry.shape.text(), elements * element, entry.end - entry.begin));
    entries_.push_back(std::move(entry));
  }
}

void SafetensorsFile::check_coverage() {
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  std::uint64_t covered = 0;
  for (const Entry& entry : entries_) {
    if (entry.begin != covered)
      refuse(path_, fmt::format("tensor '{}' begins at byte {} of the data where {} was expected ({})", entry.name,
                                entry.begin, covered, entry.begin < covered ? "overlap" : "hole"));
    covered = entry.end;
  }
  if (covered != bytes_.size() - data_)
    refuse(path_,
           fmt::format("the header describes {} bytes of data, the file has {}", covered, bytes_.size() - data_));
}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> names;
  for (const Entry& entry : entries_) names.push_back(entry.name);
  return names;
}

bool SafetensorsFile::contains(const std::string& name) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.name == name; });
}

const SafetensorsFile::Entry& SafetensorsFile::entry(const std::string& name) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.name == name; });
  if (found == entries_.end()) throw DataError(fmt::format("{}: has no tensor '{}'", path_.string(), name));
  return *found;
}

const Shape& SafetensorsFile::shape(const std::string& name) const { return entry(name).shape; }
const std::string& SafetensorsFile::dtype(const std::string& name) const { return entry(name).dtype; }

Tensor SafetensorsFile::tensor(const std::string& name) const {
  const Entry& e = entry(name);
  if (e.dtype != "F32" && e.dtype != "F64")
    throw DataError(fmt::format("{}: tensor '{}' holds {}, expected F32 or F64", path_.string(), name, e.dtype));
  Tensor t = Tensor::empty(e.shape, e.dtype == "F32" ? DType::f32 : DType::f64);
  std::copy_n(bytes_.data() + data_ + e.begin, e.end - e.begin, reinterpret_cast<std::uint8_t*>(t.mutable_bytes()));
  return t;
}

std::vector<std::int64_t> SafetensorsFile::integers(const std::string& name) const {
  const Entry& e = entry(name);
  if (e.dtype != "I64")
    throw DataError(fmt::format("{}: tensor '{}' holds {}, expected I64", path_.string(), name, e.dtype));
  std::vector<std::int64_t> values(static_cast<std::size_t>(e.shape.elements()));
  if (!values.empty()) std::memcpy(values.data(), bytes_.data() + data_ + e.begin, e.end - e.begin);
  return values;
}

void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata) {
  const auto contract = [](const std::string& what) {
    throw ContractError("write_safetensors", what, Where::current());
  };
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  std::set<std::string> seen{kMetadata};
  std::size_t total = 0;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.defined()) contract(fmt::format("tensor '{}' is undefined", name));
    if (!seen.insert(name).second) contract(fmt::format("the name '{}' is taken", name));
    header[name] = {{"dtype", tensor.dtype() == DType::f32 ? "F32" : "F64"},
                    {"shape", std::vector<std::int64_t>(tensor.shape().begin(), tensor.shape().end())},
                    {"data_offsets", {total, total + tensor.bytes()}}};
    total += tensor.bytes();
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const json::type_error&) {
    contract("a name or metadata value is not UTF-8");
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');

  std::string bytes(kLengthBytes, '\0');
  const std::uint64_t length = text.size();
  std::memcpy(bytes.data(), &length, kLengthBytes);
  bytes.reserve(kLengthBytes + text.size() + total);
  bytes += text;
  for (const NamedTensor& named : tensors)
    bytes.append(reinterpret_cast<const char*>(named.tensor.bytes_data()), named.tensor.bytes());
  write_atomically(path, bytes);
}

}  // namespace nascent
