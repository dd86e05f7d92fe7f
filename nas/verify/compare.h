#pragma once
// What both kinds of reference folder need.
#include <filesystem>
#include <string>
#include <vector>

#include "engine/data/batches.h"
#include "engine/io/safetensors.h"
#include "engine/nn/parameter_store.h"
#include "nas/supernet/supernet.h"
#include "nas/verify/verify.h"

namespace nascent::nas {

inline constexpr std::uint64_t kLongestJson = 1 << 24;  // a history of a thousand epochs is a hundredth of it

// Gathers |ours - theirs|^2 and |theirs|^2 over several tensors or numbers.
class Comparison {
 public:
  void add(double ours, double theirs);
  // DataError, with the name, when the shapes differ.
  void add(const Tensor& ours, const Tensor& theirs, const std::string& name);
  double relative_error() const;

 private:
  double difference_ = 0, size_ = 0;
};

// How a supernet's parameter with this gradient compares to the file's, in PyTorch's layout.
Comparison compare_gradients(const ParameterStore& store, const std::vector<Tensor>& ours,
                             const SafetensorsFile& theirs);
Comparison compare_alphas(const Supernet& supernet, const std::vector<Tensor>& ours, const SafetensorsFile& theirs);

// Weights, buffers and alphas of `supernet` from a file.
void load_supernet(Supernet& supernet, const SafetensorsFile& file);
// The number of different values of the number behind `prefix` ("cells." in "cells.3.pre0"), in the file's names.
std::int64_t count_children(const SafetensorsFile& file, const std::string& prefix);

// Images, which the file keeps as NCHW, and their labels.
Batch read_images(const SafetensorsFile& file, const std::string& images, const std::string& labels);

std::vector<Quantity> verify_lecture(const std::filesystem::path& folder);
std::vector<Quantity> verify_darts(const std::filesystem::path& folder);

}  // namespace nascent::nas
