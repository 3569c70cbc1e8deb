#include "exec/run_context.hpp"

#include "exec/peers.hpp"

namespace ketjet {

Index RunContext::upper_bits(int local_qubits) const {
    return peers == nullptr ? 0 : static_cast<Index>(peers->rank()) << local_qubits;
}

}  // namespace ketjet
