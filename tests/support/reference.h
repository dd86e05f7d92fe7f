#pragma once
// Reference numbers of other systems lie beside a developer's checkout, in ../shared/data, and not in a clone.
#include <filesystem>

namespace nascent::test {

// The folder ../shared/data/NAME of the checkout these tests were built from; it need not exist.
inline std::filesystem::path reference_folder(const std::filesystem::path& name) {
  const std::filesystem::path root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  return root.parent_path() / "shared" / "data" / name;
}

}  // namespace nascent::test
