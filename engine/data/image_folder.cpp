#include "engine/data/image_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "engine/io/file.h"
#include "engine/io/image.h"
#include "engine/tensor/error.h"

namespace nascent {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 34;

// The entries whose names do not begin with a dot, sorted.
std::vector<fs::path> entries(const fs::path& folder, bool folders) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->path().filename().string().front() != '.' && it->is_directory(ignored) == folders)
      found.push_back(it->path());
  }
  if (error) throw_file_error(folder, "cannot list", error.value());
  std::sort(found.begin(), found.end());
  return found;
}

void append_image(const fs::path& path, Dataset& data) {
  const std::set<std::string> known = {".png", ".pgm", ".ppm", ".pnm"};
  if (!known.contains(path.extension().string()))
    throw DataError(fmt::format("{}: not a .png, .pgm, .ppm or .pnm file. Convert it, or take it out of the folder.",
                                path.string()));
  const Image image = read_image(path);
  if (data.labels.empty()) data.channels = image.channels, data.height = image.height, data.width = image.width;
  const auto size = [](int channels, int height, int width) {
    return fmt::format("{}x{}x{}", channels, height, width);
  };
  if (image.channels != data.channels || image.height != data.height || image.width != data.width)
    throw DataError(fmt::format("{}: is {}, the images before it are {}. All must have one size: resize them.",
                                path.string(), size(image.channels, image.height, image.width),
                                size(data.channels, data.height, data.width)));
  if (data.pixels.size() + image.pixels.size() > kMaxBytes)
    throw DataError(fmt::format("{}: the images before it take 2^34 bytes, the limit", path.string()));
  data.pixels.insert(data.pixels.end(), image.pixels.begin(), image.pixels.end());
}

}  // namespace

std::vector<std::string> image_folder_classes(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& path : entries(folder, true)) names.push_back(path.filename().string());
  return names;
}

Dataset read_image_folder(const fs::path& folder, std::vector<std::string> class_names, std::string name) {
  for (const std::string& found : image_folder_classes(folder))
    if (std::find(class_names.begin(), class_names.end(), found) == class_names.end())
      throw DataError(fmt::format("{}: no class '{}' among the training images", (folder / found).string(), found));
  Dataset data{.name = std::move(name),
               .classes = static_cast<int>(class_names.size()),
               .class_names = std::move(class_names),
               .pixels = {},
               .labels = {}};
  for (int label = 0; label < data.classes; ++label) {
    const auto class_folder = folder / data.class_names[static_cast<std::size_t>(label)];
    const auto images = entries(class_folder, false);
    if (images.empty()) throw DataError(fmt::format("{}: no images in this class", class_folder.string()));
    for (const auto& path : images) {
      append_image(path, data);
      data.labels.push_back(label);
    }
  }
  return data;
}

}  // namespace nascent
