#include "engine/data/cifar.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "engine/data/lines.h"
#include "engine/io/file.h"
#include "engine/tensor/error.h"

namespace nascent {
namespace {

constexpr int kSide = 32, kChannels = 3, kClasses = 10;
constexpr std::size_t kPlane = kSide * kSide;
constexpr std::size_t kRecord = 1 + kChannels * kPlane;
constexpr std::size_t kCifar100Record = kRecord + 1;
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 34;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what) {
  throw DataError(fmt::format("{}: {}", path.string(), what));
}

void append_records(const std::filesystem::path& path, Dataset& data) {
  const auto bytes = read_file(path, kMaxBytes);
  if (bytes.empty()) refuse(path, "file is empty. Fetch it again.");
  if (bytes.size() % kRecord != 0)
    refuse(path, fmt::format("{} bytes is not a multiple of {} (a CIFAR-10 record). {}", bytes.size(), kRecord,
                             bytes.size() % kCifar100Record == 0 ? "It looks like CIFAR-100, which is not read."
                                                                 : "Fetch it again."));
  const std::size_t records = bytes.size() / kRecord;
  data.pixels.reserve(data.pixels.size() + records * kChannels * kPlane);
  for (std::size_t record = 0; record < records; ++record) {
    const std::uint8_t* at = bytes.data() + record * kRecord;
    if (*at >= kClasses)
      refuse(path, fmt::format("label {} in record {} (offset {}), valid 0..{}. Fetch it again.", *at, record,
                               record * kRecord, kClasses - 1));
    data.labels.push_back(*at++);
    for (std::size_t pixel = 0; pixel < kPlane; ++pixel)
      for (int c = 0; c < kChannels; ++c) data.pixels.push_back(at[static_cast<std::size_t>(c) * kPlane + pixel]);
  }
}

}  // namespace

Dataset read_cifar10(std::span<const std::filesystem::path> files, std::vector<std::string> class_names,
                     std::string name) {
  Dataset data{.name = std::move(name),
               .channels = kChannels,
               .height = kSide,
               .width = kSide,
               .classes = kClasses,
               .class_names = std::move(class_names),
               .pixels = {},
               .labels = {}};
  for (const auto& file : files) append_records(file, data);
  return data;
}

std::vector<std::string> cifar10_class_names(const std::filesystem::path& folder) {
  const auto path = folder / "batches.meta.txt";
  if (std::error_code ignored; !std::filesystem::exists(path, ignored))
    return {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
  auto names = read_lines(path);
  if (names.size() != kClasses) refuse(path, fmt::format("{} class names, expected {}", names.size(), kClasses));
  return names;
}

}  // namespace nascent
