#include "engine/data/load_test.h"

#include <filesystem>
#include <system_error>

#include "engine/data/cifar.h"
#include "engine/data/idx.h"
#include "engine/data/image_folder.h"
#include "engine/data/source.h"

namespace nascent {
namespace {

constexpr std::int64_t kSyntheticImages = 2000;

Dataset read_test(const Source& source) {
  if (source.synthetic) {
    SyntheticOptions options = *source.synthetic;
    options.test = true;
    options.images = kSyntheticImages;
    return draw_synthetic(options);
  }
  if (const auto files = find_idx(source.folder, "t10k"))
    return read_idx_dataset(*files, source.class_names.empty() ? idx_class_names(source.folder) : source.class_names,
                            source.name);
  std::error_code ignored;
  if (const auto file = source.folder / "test_batch.bin"; std::filesystem::exists(file, ignored))
    return read_cifar10(std::span(&file, 1), cifar10_class_names(source.folder), source.name);
  // The training folder's names number the classes, so that a label means the same in both splits.
  const auto train = source.folder / "train", test = source.folder / "test";
  if (std::filesystem::is_directory(train, ignored) && std::filesystem::is_directory(test, ignored))
    return read_image_folder(test, image_folder_classes(train), source.name);
  throw_nothing_found(source.folder, "test");
}

}  // namespace

TestData load_test(const std::string& source, const LoadOptions& options) {
  return {limited(read_test(resolve_source(source)), options)};
}

}  // namespace nascent
