#pragma once
// Reference numbers of other systems lie beside a developer's checkout, in ../shared/data, and not in a clone.
#include <filesystem>

namespace nascent::test {

// It need not exist: skip the test then.
inline std::filesystem::path reference_folder(const std::filesystem::path& name) {
  return std::filesystem::path(NASCENT_SOURCE_DIR).parent_path() / "shared" / "data" / name;
}

}  // namespace nascent::test
