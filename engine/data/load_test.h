#pragma once
// Test images, for the one measurement at the end. Code that searches or trains does not include this header.
#include <string>

#include "engine/data/dataset.h"

namespace nascent {

struct TestData {
  Dataset data;
};

// The test split of the same sources as load_training, with the same classes. DataError when it has none.
TestData load_test(const std::string& source, const LoadOptions& options = {});

}  // namespace nascent
