// The tiles of every size.
#include "kernels/isa/panel.inl"
#include "kernels/isa/processor.inl"
#include "kernels/isa/tile_by_eights.inl"
#include "kernels/isa/tile_by_shuffles.inl"
#include "kernels/isa/tile_of_pairs.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Of the tiles with the same bits the one that suits this processor.
template <int W, int NV, int MR, Along along>
void call_tile(const Tile& t) {
  if constexpr (kRegisters == 32 && W == 16 && NV == 1 && MR >= 8) {
    if (along == Along::k && t.k % 16 == 0 && !t.left && !t.right && loads_one_vector())
      return run_shuffled_tile<MR>(t);
    if (along == Along::rows && MR == 16 && loads_one_vector()) return run_shuffled_rows(t);
  }
  if constexpr (kRegisters == 32 && W == 8 && MR % 2 == 0 && along == Along::k)
    if (is_of_pairs(t) && has_whole_units()) return run_paired_tile<MR>(t);
  if constexpr (kRegisters == 16 && along == Along::k && MR >= 4 && (NV == 2 || W == 8))
    if (is_by_eights<W, NV>(t)) return run_tile_by_eights<W, NV, MR>(t);
  run_tile<W, NV, MR, along>(t);
}

template <int W, int NV>
constexpr TileKernels tiles_of() {
  TileKernels tiles{};
  unrolled<max_rows(NV)>([&](auto row) {
    tiles.along_k[row.value] = call_tile<W, NV, row.value + 1, Along::k>;
    tiles.along_rows[row.value] = call_tile<W, NV, row.value + 1, Along::rows>;
  });
  return tiles;
}

constexpr TileTable make_table() {
  TileTable table{};
  unrolled<kMostVectors>([&](auto v) { table.vectors[v.value] = tiles_of<kWidth, v.value + 1>(); });
  if constexpr (kWidth > 8) table.eight = tiles_of<8, 1>();
  if constexpr (kWidth > 4) table.four = tiles_of<4, 1>();
  return table;
}

}  // namespace

constinit const TileTable tile_table = make_table();

}  // namespace nascent::kernels::NASCENT_ISA
