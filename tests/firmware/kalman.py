"""A plain Kalman filter with matrices as lists of rows, and a film model that is a line."""


class LineFilm:
    """Stands in for the film: what it tells is set, its lag is linear in tau and energy."""

    energy = 0.0  # it is at 25 degC
    input_lag = 0.0
    uneven_code = 0
    is_overload = False
    is_bottom, empty_over_seen = True, 1.0

    def __init__(self):
        self.tau = self.ea = 0.0  # learned
        self.base = 0.0
        self.by = (0.0, 0.0)
        self.surface_share = 1.0
        self.surface_sigma = 0.0
        self.informative = True
        self.lag(0, 0)

    def surface(self, voltage_uv, current_pa, drain_pa, temperature_cdeg):
        return self.informative

    def split_burst(self, base_pa, now_pa, temperature_cdeg):
        self.unsteady = self.input_lag = self.lag_noise = 0.0

    def lag(self, drain_pa, temperature_cdeg):
        self.lag_by_tau, self.lag_by_ea = self.by
        self.lag_share = self.base + self.by[0] * self.tau + self.by[1] * self.ea
        self.steady, self.drained = abs(self.lag_share), 0.0

    def bound_lag(self, most):
        """The current is always that of the lag."""

    def learn_uneven(self, share):
        return share

    def set_uneven(self, code):
        assert not code  # its lag is one line for both ends

    def learn(self, tau, ea):
        self.tau += tau
        self.ea += ea


class Kalman:
    """State x with covariance p; the textbook's predict and update."""

    def __init__(self, x, variances):
        self.x = list(x)
        count = len(self.x)
        self.p = [[variances[i] if i == j else 0.0 for j in range(count)] for i in range(count)]

    def predict(self, f, moved):
        """x <- f x + moved, p <- f p f'."""
        self.x = [row + extra for row, extra in zip(product(f, self.x), moved)]
        self.p = times(times(f, self.p), turned(f))

    def update(self, h, innovation, noise):
        """Weigh a scalar observation with row h."""
        ph = product(self.p, h)
        total = dot(h, ph) + noise
        count = len(self.x)
        for i in range(count):
            self.x[i] += ph[i] * innovation / total
        self.p = [
            [self.p[i][j] - ph[i] * ph[j] / total for j in range(count)] for i in range(count)
        ]

    def variance(self, h):
        return dot(h, product(self.p, h))


def dot(a, b):
    return sum([x * y for x, y in zip(a, b)])


def product(matrix, vector):
    return [dot(row, vector) for row in matrix]


def times(a, b):
    columns = turned(b)
    return [[dot(row, column) for column in columns] for row in a]


def turned(matrix):
    return [list(column) for column in zip(*matrix)]
