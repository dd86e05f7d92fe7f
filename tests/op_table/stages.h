#pragma once
// The images that kernels meet: each network's stages, which halve the image and double the channels.
#include <string>
#include <vector>

#include "engine/tensor/shape.h"

namespace nascent {

struct Stage {
  std::string network;  // "search 32x32"
  std::int64_t batch = 1, side = 1, channels = 1;
  Shape images() const { return {batch, side, side, channels}; }
};

// The search (16 channels, batch 64) and the paper's final network (36, batch 96), on images of 32x32 and 28x28.
inline std::vector<Stage> timed_stages() {
  std::vector<Stage> stages;
  for (const std::int64_t side : {32, 28})
    for (const Stage& first : {Stage{"search", 64, side, 16}, Stage{"final", 96, side, 36}})
      for (int halvings = 0; halvings < 3; ++halvings)
        stages.push_back({first.network + " " + std::to_string(side) + "x" + std::to_string(side), first.batch,
                          side >> halvings, first.channels << halvings});
  return stages;
}

}  // namespace nascent
