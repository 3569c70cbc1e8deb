// Sums over chunks, in an order that depends on sizes only; inside a chunk every eighth product goes to one sum, so
// that compilers may use vectors.
#include "readout/overlap.hpp"

#include <array>
#include <span>
#include <stdexcept>

#include "state/chunks.hpp"

namespace ketjet {

namespace {

constexpr std::size_t parts = 8;

template <class Bra, class Ket>
Complex partial_overlap(std::span<const std::complex<Bra>> bra, std::span<const std::complex<Ket>> ket) {
    std::array<double, parts> real{}, imaginary{};
    const auto add = [&](std::size_t i, std::size_t part) {
        const double a = bra[i].real(), b = bra[i].imag(), c = ket[i].real(), d = ket[i].imag();
        real[part] += a * c + b * d;
        imaginary[part] += a * d - b * c;
    };
    const std::size_t whole = bra.size() / parts * parts;
    for (std::size_t i = 0; i < whole; i += parts) {
        for (std::size_t part = 0; part < parts; ++part) add(i + part, part);
    }
    for (std::size_t i = whole; i < bra.size(); ++i) add(i, i - whole);
    return {sum_in_place(std::span<double>(real)), sum_in_place(std::span<double>(imaginary))};
}

}  // namespace

template <class Bra, class Ket>
Complex overlap(const StateVector<Bra>& bra, const StateVector<Ket>& ket, const RunContext& context) {
    if (bra.num_qubits() != ket.num_qubits()) throw std::invalid_argument("states of different sizes");
    return sum_chunks(bra.size(), context.walk(),
                      [&](const Chunk& chunk) { return partial_overlap<Bra, Ket>(chunk.of(bra), chunk.of(ket)); });
}

template Complex overlap<float, float>(const StateVector<float>&, const StateVector<float>&, const RunContext&);
template Complex overlap<float, double>(const StateVector<float>&, const StateVector<double>&, const RunContext&);
template Complex overlap<double, float>(const StateVector<double>&, const StateVector<float>&, const RunContext&);
template Complex overlap<double, double>(const StateVector<double>&, const StateVector<double>&, const RunContext&);

}  // namespace ketjet
