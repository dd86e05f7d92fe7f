#pragma once
// CIFAR-10's binary version (cs.toronto.edu/~kriz/cifar.html): records of one label byte and 3072 pixel bytes, 1024
// red, 1024 green, 1024 blue, each 32x32 row by row.
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/data/dataset.h"

namespace nascent {

// The records of all files in order. DataError when a file is empty, holds part of a record or a label above 9.
Dataset read_cifar10(std::span<const std::filesystem::path> files, std::vector<std::string> class_names,
                     std::string name);

// The lines of `folder/batches.meta.txt`, or CIFAR-10's own names when there is none.
std::vector<std::string> cifar10_class_names(const std::filesystem::path& folder);

}  // namespace nascent
