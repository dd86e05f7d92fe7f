#pragma once
// Named tensors in a file that cannot run code: the safetensors format (github.com/huggingface/safetensors). A header
// length of 8 bytes, a JSON header, then the tensors' bytes without a gap, little-endian and row-major.
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/tensor/tensor.h"

namespace nascent {

// A safetensors file read whole and checked whole: header length, JSON without duplicate keys, offsets that cover the
// data exactly without overlap or hole, and sizes that agree with shape and type.
class SafetensorsFile {
 public:
  // FileError when it cannot be read, DataError when anything in it is out of order.
  static SafetensorsFile read(const std::filesystem::path& path);

  std::vector<std::string> names() const;  // in the order of their bytes
  bool contains(const std::string& name) const;
  // The following are DataErrors for a name the file does not have.
  const Shape& shape(const std::string& name) const;
  const std::string& dtype(const std::string& name) const;            // "F32", "I64", "BF16" ...
  Tensor tensor(const std::string& name) const;                       // F32 or F64; DataError for another type
  std::vector<std::int64_t> integers(const std::string& name) const;  // I64; DataError for another type
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  struct Entry {
    std::string name, dtype;
    Shape shape;
    std::uint64_t begin = 0, end = 0;  // in bytes_
  };
  const Entry& entry(const std::string& name) const;
  void read_header();
  void check_coverage();

  std::filesystem::path path_;
  std::vector<std::uint8_t> bytes_;
  std::uint64_t data_ = 0;  // where the tensors begin
  std::vector<Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

// Writes the tensors in the given order, atomically; the data begin at a multiple of 8 bytes. ContractError for an
// undefined tensor, a name given twice or one that is not UTF-8; FileError when the system refuses.
void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace nascent
