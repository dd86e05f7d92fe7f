#pragma once
// Holds this engine against a folder of numbers computed by another (PyTorch). The files say which kind it is:
//   lecture  data, initial, final, first_weight_gradients, first_alpha_gradients (.safetensors) and history.json:
//            a full-batch search of the lecture space
//   darts    inputs, initial_state, momentum, train_gradients, alpha_gradient_{first_order,second_order,exact}
//            (.safetensors) and values.json: one bi-level step of the darts space
#include <filesystem>
#include <string>
#include <vector>

namespace nascent::nas {

struct Quantity {
  std::string name;
  double relative_error = 0;  // |ours - theirs| / |theirs|, Euclidean over everything the name covers
  double bound = 0;
  bool ok() const { return relative_error <= bound; }  // false for NaN
};

// FileError when the folder or a file is missing, DataError when it is of no known kind or its contents do not fit.
std::vector<Quantity> verify(const std::filesystem::path& folder);

}  // namespace nascent::nas
