#pragma once
// oneDNN's side of a case, at its best: the layouts it prefers, its primitive and memory made once, the training
// propagation, one OpenMP runtime with ours and so the same threads.
#include <functional>
#include <optional>
#include <string>

#include "bench/support/kernel_case.h"

namespace nascent::bench {

struct Peer {
  std::string implementation;  // as oneDNN names it: "brgconv:avx512_core", "ref:any"
  std::string layout;          // of the images: "nhwc", "blocked"
  std::function<void()> run;
};

// Every way oneDNN could run it that is worth timing (it leaves the layout of the images to us for all but
// convolutions). Empty when it cannot.
// A block is its primitives one after another; the batch norm's forward, which also normalises, is the one that takes
// statistics.
std::vector<Peer> onednn_peers(const KernelCase& kernel);
// By a quick timing; of at least one.
Peer fastest(const std::vector<Peer>& peers);

// "2.6.3"
std::string onednn_version();

// By its name: made at run time for the operation (jit, brgemm), unfolded into a matrix product (which for a depthwise
// convolution is a fallback), plain loops, or compiled with the library.
enum class Implementation { generated, matrix_product, reference, compiled };
const char* name(Implementation kind);
Implementation kind_of(const std::string& implementation);

}  // namespace nascent::bench
