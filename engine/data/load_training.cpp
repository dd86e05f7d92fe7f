#include "engine/data/load_training.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "engine/data/cifar.h"
#include "engine/data/idx.h"
#include "engine/data/image_folder.h"
#include "engine/data/source.h"
#include "engine/io/file.h"

namespace nascent {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> cifar_batches(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (const auto name = it->path().filename().string(); name.starts_with("data_batch_") && name.ends_with(".bin"))
      found.push_back(it->path());
  if (error) throw_file_error(folder, "cannot list", error.value());
  std::sort(found.begin(), found.end());
  return found;
}

Dataset read_training(const Source& source) {
  if (source.synthetic) return draw_synthetic(*source.synthetic);
  if (const auto files = find_idx(source.folder, "train"))
    return read_idx_dataset(*files, source.class_names.empty() ? idx_class_names(source.folder) : source.class_names,
                            source.name);
  if (const auto files = cifar_batches(source.folder); !files.empty())
    return read_cifar10(files, cifar10_class_names(source.folder), source.name);
  std::error_code ignored;
  if (const auto train = source.folder / "train"; fs::is_directory(train, ignored)) {
    const auto classes = image_folder_classes(train);
    if (!classes.empty()) return read_image_folder(train, classes, source.name);
  } else if (!fs::exists(source.folder / "test", ignored)) {
    const auto classes = image_folder_classes(source.folder);
    if (!classes.empty()) return read_image_folder(source.folder, classes, source.name);
  }
  throw_nothing_found(source.folder, "training");
}

}  // namespace

TrainingData load_training(const std::string& source, const LoadOptions& options) {
  return {limited(read_training(resolve_source(source)), options)};
}

}  // namespace nascent
