#pragma once
// The format of MNIST (yann.lecun.com/exdb/mnist): bytes 0, 0, type, number of axes; a big-endian 32-bit size an axis;
// then the values in row-major order. Read plain or gzipped.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/dataset.h"

namespace nascent {

struct IdxArray {
  std::vector<std::int64_t> sizes;
  std::vector<std::uint8_t> values;
};

// Images are [n, height, width] or [n, height, width, channels], labels [n]; both unsigned bytes.
enum class IdxKind { images, labels };

// DataError when the file is anything else, holds nothing, or its payload is not what its header promises; found
// before memory is taken for the promise. FileError when it cannot be read.
IdxArray read_idx(const std::filesystem::path& path, IdxKind kind);

struct IdxFiles {
  std::filesystem::path images, labels;
};
// `folder/PREFIX-images-idx3-ubyte[.gz]` or `PREFIX-images.idx3-ubyte[.gz]` and their labels. Nothing when there are no
// images; DataError when only the labels are missing.
std::optional<IdxFiles> find_idx(const std::filesystem::path& folder, std::string_view prefix);

// Both files as one. DataError when their counts differ or a label has no class.
Dataset read_idx_dataset(const IdxFiles& files, std::vector<std::string> class_names, std::string name);

// The class names of an IDX folder: the lines of `folder/classes.txt`, or "0" to "9" when there is none.
std::vector<std::string> idx_class_names(const std::filesystem::path& folder);

}  // namespace nascent
