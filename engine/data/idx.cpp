#include "engine/data/idx.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "engine/data/lines.h"
#include "engine/io/file.h"
#include "engine/io/gzip.h"
#include "engine/tensor/error.h"

namespace nascent {
namespace {

constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 34;
constexpr std::int64_t kMaxSide = 65535;
constexpr std::size_t kMaxHeader = 4 + 4 * 4;
constexpr std::uint8_t kUnsignedBytes = 0x08;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what) {
  throw DataError(fmt::format("{}: {}", path.string(), what));
}

std::uint32_t big_endian(std::span<const std::uint8_t> bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 | std::uint32_t{bytes[at + 2]} << 8 |
         bytes[at + 3];
}

void check_magic(std::uint32_t magic, IdxKind kind, const std::filesystem::path& path) {
  const std::uint32_t axes = magic & 0xFF, type = magic >> 8 & 0xFF;
  const bool images = kind == IdxKind::images, known = magic >> 16 == 0;
  if (known && type == kUnsignedBytes && (images ? axes == 3 || axes == 4 : axes == 1)) return;
  const char* wanted = images ? "0x00000803 (images)" : "0x00000801 (labels)";
  if (known && type == kUnsignedBytes && (axes == 1 || axes == 3 || axes == 4))
    refuse(path, fmt::format("bad IDX magic {:#010x} ({}) where {} was expected: image and label files swapped?", magic,
                             axes == 1 ? "labels" : "images", wanted));
  if (known && type > kUnsignedBytes && type <= 0x0E && axes >= 1 && axes <= 4)
    refuse(path,
           fmt::format("IDX values of type {:#04x}, only unsigned bytes (0x08) are read. Convert the file.", type));
  if (magic >> 24 == '<')
    refuse(path, "not IDX (starts with '<'): looks like a web page. The download went wrong: fetch the file again.");
  refuse(path, fmt::format("bad IDX magic {:#010x} where {} was expected. Is this an IDX file?", magic, wanted));
}

struct Header {
  std::vector<std::int64_t> sizes;
  std::uint64_t payload = 0;
  std::size_t bytes() const { return 4 + 4 * sizes.size(); }
};

Header read_header(std::span<const std::uint8_t> bytes, IdxKind kind, const std::filesystem::path& path) {
  if (bytes.empty()) refuse(path, "file is empty. Fetch it again.");
  if (bytes.size() < 4) refuse(path, fmt::format("ends inside its IDX header, after {} bytes", bytes.size()));
  check_magic(big_endian(bytes, 0), kind, path);
  Header header{.sizes = std::vector<std::int64_t>(bytes[3])};
  if (bytes.size() < header.bytes())
    refuse(path, fmt::format("ends inside its IDX header, after {} of {} bytes", bytes.size(), header.bytes()));
  unsigned __int128 payload = 1;
  for (std::size_t axis = 0; axis < header.sizes.size(); ++axis) {
    header.sizes[axis] = big_endian(bytes, 4 + 4 * axis);
    payload *= static_cast<unsigned __int128>(header.sizes[axis]);
  }
  const std::string sizes = fmt::format("{}", fmt::join(header.sizes, "x"));
  if (header.sizes[0] == 0) refuse(path, fmt::format("header claims {}: it holds nothing", sizes));
  if (std::any_of(header.sizes.begin() + 1, header.sizes.end(), [](std::int64_t n) { return n < 1 || n > kMaxSide; }) ||
      payload > kMaxBytes)
    refuse(path, fmt::format("header claims {} bytes of payload; the limits are {} a side and 2^34 bytes. "
                             "The file is corrupt.",
                             sizes, kMaxSide));
  header.payload = static_cast<std::uint64_t>(payload);
  return header;
}

void check_payload(const Header& header, std::uint64_t got, const std::filesystem::path& path) {
  if (got == header.payload) return;
  const std::uint64_t item = header.payload / static_cast<std::uint64_t>(header.sizes[0]);
  const std::uint64_t gap = got < header.payload ? header.payload - got : got - header.payload;
  refuse(path, fmt::format("header says {} = {} bytes, payload has {} ({} item{} too {}). Fetch the file again.",
                           fmt::join(header.sizes, "x"), header.payload, got, (gap + item - 1) / item,
                           gap <= item ? "" : "s", got < header.payload ? "few" : "many"));
}

}  // namespace

IdxArray read_idx(const std::filesystem::path& path, IdxKind kind) {
  std::vector<std::uint8_t> bytes = read_file(path, kMaxBytes + kMaxHeader);
  Header header;
  if (is_gzip(bytes) || path.extension() == ".gz") {
    header = read_header(gunzip_prefix(bytes, path, kMaxHeader), kind, path);
    bytes = gunzip(bytes, path, header.bytes() + header.payload);
  } else {
    header = read_header(bytes, kind, path);
  }
  check_payload(header, bytes.size() - header.bytes(), path);
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(header.bytes()));
  return {std::move(header.sizes), std::move(bytes)};
}

std::optional<IdxFiles> find_idx(const std::filesystem::path& folder, std::string_view prefix) {
  const auto find = [&](std::string_view what) -> std::optional<std::filesystem::path> {
    for (const char* separator : {"-", "."})
      for (const char* axes : {"1", "3", "4"})
        for (const char* ending : {"", ".gz"}) {
          auto path = folder / fmt::format("{}-{}{}idx{}-ubyte{}", prefix, what, separator, axes, ending);
          if (std::error_code ignored; std::filesystem::exists(path, ignored)) return path;
        }
    return std::nullopt;
  };
  const auto images = find("images");
  if (!images) return std::nullopt;
  const auto labels = find("labels");
  if (!labels)
    throw DataError(fmt::format("{}: found {} but no {}-labels-idx1-ubyte[.gz] beside it", folder.string(),
                                images->filename().string(), prefix));
  return IdxFiles{*images, *labels};
}

Dataset read_idx_dataset(const IdxFiles& files, std::vector<std::string> class_names, std::string name) {
  IdxArray images = read_idx(files.images, IdxKind::images);
  const IdxArray labels = read_idx(files.labels, IdxKind::labels);
  if (images.sizes[0] != labels.sizes[0])
    refuse(files.labels, fmt::format("{} labels for {} images in {}", labels.sizes[0], images.sizes[0],
                                     files.images.filename().string()));
  const auto classes = static_cast<int>(class_names.size());
  for (std::size_t i = 0; i < labels.values.size(); ++i)
    if (labels.values[i] >= classes)
      refuse(files.labels, fmt::format("label {} at index {}, valid 0..{}. For other classes put their names, one a "
                                       "line, into classes.txt beside it.",
                                       labels.values[i], i, classes - 1));
  return {.name = std::move(name),
          .channels = images.sizes.size() == 4 ? static_cast<int>(images.sizes[3]) : 1,
          .height = static_cast<int>(images.sizes[1]),
          .width = static_cast<int>(images.sizes[2]),
          .classes = classes,
          .class_names = std::move(class_names),
          .pixels = std::move(images.values),
          .labels = {labels.values.begin(), labels.values.end()}};
}

std::vector<std::string> idx_class_names(const std::filesystem::path& folder) {
  const auto path = folder / "classes.txt";
  if (std::error_code ignored; !std::filesystem::exists(path, ignored))
    return {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  auto names = read_lines(path);
  if (names.size() < 2 || names.size() > 256)
    refuse(path, fmt::format("{} class names, expected 2 to 256, one a line", names.size()));
  return names;
}

}  // namespace nascent
