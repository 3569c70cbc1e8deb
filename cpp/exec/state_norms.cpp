#include "exec/state_norms.hpp"

namespace ketjet {

template <class T>
StateNorms norms_of(const StateVector<T>& state, const RunContext& context) {
    StateNorms norms{std::vector<double>(chunk_count(state.stored_size()))};
    for_chunks(state.stored_size(), context.walk(), [&](const Chunk& chunk) {
        LeafNorms<T> leaves(kernels_of<T>(context.kernels));
        norms.chunks[chunk.number] = sum_in_place(leaves(chunk.of(state)));
    });
    return norms;
}

template StateNorms norms_of<float>(const StateVector<float>&, const RunContext&);
template StateNorms norms_of<double>(const StateVector<double>&, const RunContext&);

}  // namespace ketjet
