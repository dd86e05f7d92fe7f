#pragma once
// Training images. Nothing here, and nothing it calls, opens a test file: a search includes this header only.
#include <string>

#include "engine/data/dataset.h"

namespace nascent {

// Not interchangeable with TestData of load_test.h, so that the compiler keeps test images out of a search.
struct TrainingData {
  Dataset data;
};

// `source` is `fashion-mnist`, `synthetic`, `synthetic:CxHxW` or a folder of IDX files, CIFAR-10 binaries or class
// folders. UsageError, FileError or DataError with path and reason.
TrainingData load_training(const std::string& source, const LoadOptions& options = {});

}  // namespace nascent
