# Bits of text in input vectors of a frozen model: by width, by two measures, by number of vectors and layers, and rounded.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
PAGE_H = 5.4
load ARG0[1 : strlen(ARG0) - strlen('cramming.gp')].'style.gp'
array NAME[3] = ['own: trained on such texts', 'mixed: trained on such too', 'as initialised']
array TEXT[3] = [0, 1, 1]
LOW = 0.42; HIGH = 1.71
LEFT_OF = "set lmargin at screen 0.085; set rmargin at screen 0.475"
RIGHT_OF = "set lmargin at screen 0.590; set rmargin at screen 0.980"
ROW1 = "set tmargin at screen 0.935; set bmargin at screen 0.600"
ROW2 = "set tmargin at screen 0.430; set bmargin at screen 0.095"

set multiplot
# ---- (a) by width
@CURVES; @LEFT_OF; @ROW1
set label 1 heading('a', 'One vector') at screen 0.012, screen 0.970 font HEAD textcolor rgb INK
set logscale xy 2; set xrange [13:160]; set yrange [1.5:2000]; set xtics (16, 32, 64, 128); set ytics (2, 8, 32, 128, 512)
set xlabel 'width {/:Italic d} of the vector' offset 0,0.4 textcolor rgb INK; set ylabel 'exact bits held' offset 1.4,0 textcolor rgb INK
set key at graph 0.02,1.0 left top @KEY font SMALL
plot HIGH * x with lines lw 1.0 dt (2,3) lc rgb SOFT title sprintf('%.2f, %.2f bits a number', LOW, HIGH), LOW * x with lines lw 1.0 dt (2,3) lc rgb SOFT notitle, \
     for [s = 0:2] TABLES.'best.tsv' using ($1 == s && $2 == TEXT[s + 1] && $4 == 2 && $5 == 1 ? $3 * 1.05 ** (s - 1) : NaN):6:7:8 with yerrorbars lw 1.0 pt MARKER[s + 1] ps 0.5 lc rgb COLOUR[s + 1] title NAME[s + 1]

# ---- (b) two measures
@CURVES; @RIGHT_OF; @ROW1
set label 1 heading('b', 'Independent letters, which "own" never saw') at screen 0.515, screen 0.970 font HEAD textcolor rgb INK
set logscale x 2; set xrange [13:160]; set yrange [-0.32:2.4]; set xtics (16, 32, 64, 128); set ytics 0.5; set format y '%.1f'
set xlabel 'width {/:Italic d} of the vector' offset 0,0.4 textcolor rgb INK; set ylabel 'bits a number' offset 0.6,0 textcolor rgb INK
set object 1 rect from graph 0, first LOW to graph 1, first HIGH fc rgb SHADE fs solid 1.0 noborder behind
set key at graph 0.98,1.0 right top @KEY font SMALL
plot TABLES.'best.tsv' using ($1 == 0 && $2 == 1 && $4 == 2 && $5 == 1 ? $3 / 1.03 : NaN):($9 / $3):($10 / $3):($11 / $3) with yerrorbars lw 1.0 pt MARKER[5] ps 0.5 lc rgb COLOUR[5] title 'published measure', \
     TABLES.'best.tsv' using ($1 == 0 && $2 == 1 && $4 == 2 && $5 == 1 ? $3 * 1.03 : NaN):($6 / $3):($7 / $3):($8 / $3) with yerrorbars lw 1.0 pt MARKER[4] ps 0.5 lc rgb COLOUR[4] title 'exact', \
     keyentry with boxes fs solid 1.0 noborder lc rgb SHADE title 'published: large models'

# ---- (c) by number of vectors, and by depth
@CURVES; @LEFT_OF; @ROW2
ONE0 = NaN; ONE1 = NaN
stats TABLES.'best.tsv' using ($3 == 32 && $4 == 2 && $5 == 1 && $1 == 0 && $2 == 0 ? (ONE0 = $6, 1) : 1) nooutput
stats TABLES.'best.tsv' using ($3 == 32 && $4 == 2 && $5 == 1 && $1 == 1 && $2 == 1 ? (ONE1 = $6, 1) : 1) nooutput
set label 1 heading('c', 'Several vectors, or more layers, {/:Italic d} = 32') at screen 0.012, screen 0.465 font HEAD textcolor rgb INK
set logscale y 2; set xrange [-0.4:6.4]; set yrange [2:256]; set xtics ('1' 0, '2' 1, '4' 2, '1' 4, '2' 5, '4' 6); set ytics (2, 4, 8, 16, 32, 64)
set xlabel 'vectors {/:Italic k} (2 layers)                 layers ({/:Italic k} = 1)' offset 0,0.4 textcolor rgb INK; set ylabel 'exact bits held' offset 0.6,0 textcolor rgb INK
set key at graph 0.02,1.0 left top @KEY font SMALL
set arrow 1 from first 3, graph 0 to first 3, graph 0.62 nohead lw 0.8 lc rgb GRID
one(s) = s == 0 ? ONE0 : ONE1
step(n) = log(n) / log(2)
plot for [s = 0:1] (x >= 0 && x <= 2 ? one(s) * 2 ** x : NaN) with lines lw 1.0 dt (4,3) lc rgb COLOUR[s + 1] notitle, \
     for [s = 0:1] TABLES.'best.tsv' using ($3 == 32 && $1 == s && $2 == s && $4 == 2 ? step($5) + 0.1 * s : NaN):6:7:8 with yerrorbars lw 1.0 pt MARKER[s + 1] ps 0.5 lc rgb COLOUR[s + 1] title (s == 0 ? 'own' : 'mixed'), \
     for [s = 0:1] TABLES.'best.tsv' using ($3 == 32 && $1 == s && $2 == s && $5 == 1 ? 4 + step($4) + 0.1 * s : NaN):6:7:8 with yerrorbars lw 1.0 pt MARKER[s + 1] ps 0.5 lc rgb COLOUR[s + 1] notitle, \
     keyentry with lines lw 1.0 dt (4,3) lc rgb INK title 'times one vector'

# ---- (d) rounded
@CURVES; @RIGHT_OF; @ROW2
set label 1 heading('d', 'Rounded numbers, {/:Italic d} = 32') at screen 0.515, screen 0.465 font HEAD textcolor rgb INK
set xrange [0.5:8.5]; set logscale y 2; set yrange [1:2048]; set xtics 1; set ytics (2, 8, 32, 128, 512)
set xlabel 'bits a number' offset 0,0.4 textcolor rgb INK; set ylabel 'exact bits held' offset 0.6,0 textcolor rgb INK
set key at graph 0.02,1.0 left top @KEY font SMALL maxrows 2
plot TABLES.'rounded.tsv' using ($2 == 32 && $1 == 0 ? $3 : NaN):6 with lines lw 1.1 lc rgb INK title 'most possible', \
     for [s = 0:2] TABLES.'rounded.tsv' using ($2 == 32 && $1 == s ? $3 : NaN):4 with linespoints lw 1.0 pt MARKER[s + 1] ps 0.5 lc rgb COLOUR[s + 1] title (s == 0 ? 'own' : s == 1 ? 'mixed' : 'as initialised')
unset multiplot
