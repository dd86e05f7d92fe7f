#include "engine/data/source.h"

#include <fmt/format.h>

#include <cstdio>
#include <string_view>
#include <system_error>

#include "engine/io/file.h"
#include "engine/tensor/error.h"

namespace nascent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFashionFolder = "/usr/share/datasets/fashion-mnist";

SyntheticOptions parse_synthetic(const std::string& source) {
  SyntheticOptions options;
  if (source == "synthetic") return options;
  char more = 0;
  if (std::sscanf(source.c_str(), "synthetic:%3dx%4dx%4d%c", &options.channels, &options.height, &options.width,
                  &more) != 3 ||
      options.channels < 1 || options.channels > 4 || options.height < 8 || options.width < 8 || options.height > 512 ||
      options.width > 512)
    throw UsageError(
        fmt::format("data '{}': expected synthetic or synthetic:CxHxW, as synthetic:3x32x32, with 1 to 4 "
                    "channels and sides of 8 to 512",
                    source));
  return options;
}

}  // namespace

Source resolve_source(const std::string& source) {
  if (source.starts_with("synthetic")) {
    std::error_code ignored;
    if (source == "synthetic" || source.starts_with("synthetic:") || !fs::exists(source, ignored))
      return {.name = source, .synthetic = parse_synthetic(source), .folder = {}, .class_names = {}};
  }
  std::error_code error;
  if (source == "fashion-mnist") {
    if (!fs::is_directory(kFashionFolder, error))
      throw FileError(fmt::format("{}: no such folder. Install the images with:  apt install dataset-fashion-mnist",
                                  kFashionFolder));
    return {.name = source,
            .synthetic = {},
            .folder = kFashionFolder,
            .class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
                            "Ankle boot"}};
  }
  const auto status = fs::status(source, error);
  if (!fs::exists(status))
    throw FileError(
        fmt::format("{}: {}. Give fashion-mnist, synthetic or a folder of images.", source,
                    error && error != std::errc::no_such_file_or_directory ? error.message() : "no such folder"));
  if (!fs::is_directory(status)) {
    const bool archive = source.ends_with(".gz") || source.ends_with(".tar") || source.ends_with(".zip");
    throw DataError(fmt::format("{}: is a file, expected a folder. {}", source,
                                archive ? "Unpack it and give the folder." : "Give the folder it is in."));
  }
  return {.name = source, .synthetic = {}, .folder = source, .class_names = {}};
}

void throw_nothing_found(const fs::path& folder, const std::string& split) {
  std::error_code ignored;
  if (fs::exists(folder / "data_batch_1", ignored) || fs::exists(folder / "batches.meta", ignored))
    throw DataError(
        fmt::format("{}: this is CIFAR-10's Python pickle version, which is not read. Get "
                    "cifar-10-binary.tar.gz.",
                    folder.string()));
  const bool test = split == "test";
  throw DataError(fmt::format("{}: no {} images found. Read are {}-images-idx3-ubyte[.gz] with labels, {}, and {}.",
                              folder.string(), split, test ? "t10k" : "train",
                              test ? "CIFAR-10's test_batch.bin" : "CIFAR-10's data_batch_*.bin",
                              test ? "test/CLASS/*.png" : "train/CLASS/*.png or CLASS/*.png"));
}

}  // namespace nascent
